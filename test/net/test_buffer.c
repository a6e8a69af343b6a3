/*
 * test_buffer.c - shared buffers: counted, and released exactly once
 */
#include "test/support/net_test.h"

#include "net/write_queue.h"

static unsigned released;
static void *released_bytes;
static size_t released_length;

static void note_release(void *bytes, size_t length, void *argument)
{
    assert_ptr_equal(argument, &released);
    released++;
    released_bytes = bytes;
    released_length = length;
}

static int reset(void **state)
{
    (void)state;
    released = 0;
    return 0;
}

static int restore(void **state)
{
    (void)state;
    faults_restore();
    return 0;
}

static void a_created_buffer_can_be_filled(void **state)
{
    weir_buffer *buffer = weir_buffer_create(5);

    (void)state;
    assert_non_null(buffer);
    assert_int_equal(weir_buffer_size(buffer), 5);
    memcpy(weir_buffer_bytes(buffer), "hello", 5);
    assert_memory_equal(weir_buffer_bytes(buffer), "hello", 5);
    weir_buffer_unref(buffer);
}

static void a_copy_is_not_the_original(void **state)
{
    char bytes[] = "hello";
    weir_buffer *buffer = weir_buffer_copy(bytes, 5);

    (void)state;
    memset(bytes, 'x', 5);
    assert_memory_equal(weir_buffer_bytes(buffer), "hello", 5);
    weir_buffer_unref(buffer);
}

static void a_wrapped_buffer_is_the_memory_itself(void **state)
{
    char bytes[] = "hello";
    weir_buffer *buffer = weir_buffer_wrap(bytes, 5, note_release, &released);

    (void)state;
    assert_ptr_equal(weir_buffer_bytes(buffer), bytes);
    assert_int_equal(weir_buffer_size(buffer), 5);
    assert_int_equal(released, 0);
    weir_buffer_unref(buffer);
    assert_int_equal(released, 1);
    assert_ptr_equal(released_bytes, bytes);
    assert_int_equal(released_length, 5);
}

static void release_comes_with_the_last_reference_only(void **state)
{
    weir_buffer *buffer = weir_buffer_wrap("x", 1, note_release, &released);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(weir_buffer_ref(buffer), buffer);
    for (int i = 0; i < 1000; i++)
        weir_buffer_unref(buffer);
    assert_int_equal(released, 0);
    weir_buffer_unref(buffer);
    assert_int_equal(released, 1);
}

static void a_wrapped_buffer_needs_no_release(void **state)
{
    (void)state;
    weir_buffer_unref(weir_buffer_wrap("x", 1, NULL, NULL));
}

static void an_empty_buffer_is_a_buffer(void **state)
{
    weir_buffer *buffer = weir_buffer_create(0);

    (void)state;
    assert_int_equal(weir_buffer_size(buffer), 0);
    weir_buffer_unref(buffer);
    buffer = weir_buffer_copy(NULL, 0);
    assert_int_equal(weir_buffer_size(buffer), 0);
    weir_buffer_unref(buffer);
    buffer = weir_buffer_wrap(NULL, 0, note_release, &released);
    weir_buffer_unref(buffer);
    assert_int_equal(released, 1);
}

static void nothing_cannot_be_copied_or_wrapped(void **state)
{
    (void)state;
    assert_null(weir_buffer_copy(NULL, 1));
    assert_null(weir_buffer_wrap(NULL, 1, note_release, &released));
    assert_int_equal(released, 0);
}

static void a_size_that_overflows_is_out_of_memory(void **state)
{
    (void)state;
    assert_null(weir_buffer_create(SIZE_MAX));
    assert_null(weir_buffer_create(SIZE_MAX - 8));
    assert_null(weir_buffer_copy("x", SIZE_MAX));
}

static void unref_of_null_is_harmless(void **state)
{
    (void)state;
    weir_buffer_unref(NULL);
}

static void without_memory_the_bytes_stay_the_callers(void **state)
{
    struct fault fault = { .nth = 1, .onward = true, .only = "malloc" };

    (void)state;
    faults_arm(&fault);
    assert_null(weir_buffer_create(8));
    assert_null(weir_buffer_copy("x", 1));
    assert_null(weir_buffer_wrap("x", 1, note_release, &released));
    assert_int_equal(released, 0);
    assert_int_equal(faults_live(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, reset, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_created_buffer_can_be_filled),
        TEST(a_copy_is_not_the_original),
        TEST(a_wrapped_buffer_is_the_memory_itself),
        TEST(release_comes_with_the_last_reference_only),
        TEST(a_wrapped_buffer_needs_no_release),
        TEST(an_empty_buffer_is_a_buffer),
        TEST(nothing_cannot_be_copied_or_wrapped),
        TEST(a_size_that_overflows_is_out_of_memory),
        TEST(unref_of_null_is_harmless),
        TEST(without_memory_the_bytes_stay_the_callers),
    };

    return cmocka_run_group_tests_name("shared buffers", tests, NULL, NULL);
}
