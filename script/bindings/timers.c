/*
 * timers.c - the loop's timers and the task behind timers.js and turn.js
 *
 * A Timeout that runs is a weir_timer with a number on both sides: an index
 * into chunks here, which never move, and into an array there. What a call has
 * to say stands in registers that both sides see. Timers of which the loop has
 * said that they are due wait in `due` until JavaScript's turn comes to them:
 * one task, in which all that it does of itself in a turn is run, in Node's
 * order and not the loop's.
 *
 * Times are whole ms of the loop's clock, which is rounded down. A timeout's
 * start is rounded up: counted from there it is never early.
 */
#include "bindings.h"

#include <weir/runtime.h>

#include <stdlib.h>
#include <string.h>

enum { NUMBER, DELAY, NOW, MORE, REGISTERS };

enum { CHUNK = 256 };

struct timeout {
    weir_timer timer;
    struct timeout *next, **at; /* in `due`; `at` NULL: not there */
    uint32_t number;
};

static struct {
    JSObjectRef run_turn; /* protected; NULL before setCallback */
    struct timeout **chunks;
    uint32_t chunk_count;
    struct timeout *due, **last; /* in the order of their deadlines */
    weir_task task;
} state;

static double registers[REGISTERS];

static struct timeout *timeout_of(uint32_t number)
{
    return &state.chunks[number / CHUNK][number % CHUNK];
}

static struct timeout *timeout_in_register(void)
{
    return timeout_of((uint32_t)registers[NUMBER]);
}

/* ------------------------------------------------------------ what is due */

static void append_due(struct timeout *timeout)
{
    timeout->next = NULL;
    timeout->at = state.last;
    *state.last = timeout;
    state.last = &timeout->next;
}

static void remove_due(struct timeout *timeout)
{
    if (!timeout->at)
        return;
    *timeout->at = timeout->next;
    if (timeout->next)
        timeout->next->at = timeout->at;
    else
        state.last = timeout->at;
    timeout->at = NULL;
}

static void on_timer(weir_timer *timer)
{
    append_due((struct timeout *)timer);
    weir_task_ref(&state.task);
    weir_task_post(&state.task);
}

/* What has become due in this turn is due. */
SCRIPT_FAST_CALL(collect_due)
{
    weir_loop_fire(script_get()->loop, on_timer);
}

/* The next that is due: its NUMBER, 0 when there is none, and in NOW one time
 * for all that fire in a turn. */
SCRIPT_FAST_CALL(next_due)
{
    struct timeout *timeout = state.due;

    registers[NUMBER] = timeout ? timeout->number : 0;
    registers[NOW] = (double)weir_loop_now(script_get()->loop);
    if (timeout)
        remove_due(timeout);
}

/* --------------------------------------------------------------- the turn */

static void run_turn(script *s)
{
    if (!state.run_turn)
        return;
    do
        script_call_plain(s, state.run_turn);
    while (registers[MORE] != 0 && !s->over);
}

/* What JavaScript does in a turn comes behind all other tasks of it: some of
 * them tell what was found as descriptors were served. */
static void on_task(weir_task *task)
{
    (void)task;
    if (!script_after_serving(script_get(), run_turn))
        run_turn(script_get());
}

/* setCallback(runTurn): called again as long as MORE says so. */
SCRIPT_NATIVE(set_callback)
{
    script *s = script_get();

    if (argc < 1)
        return script_throw(ctx, exception, "setCallback: a function");
    state.run_turn = (JSObjectRef)argv[0];
    script_protect(s, state.run_turn);
    return JSValueMakeUndefined(ctx);
}

/* post(referenced): there is something for a turn; harmless when that is
 * known. */
SCRIPT_NATIVE(post)
{
    if (script_bool(ctx, argc, argv, 0) || state.due)
        weir_task_ref(&state.task);
    else
        weir_task_unref(&state.task);
    weir_task_post(&state.task);
    return JSValueMakeUndefined(ctx);
}

/* --------------------------------------------------------------- timeouts */

static struct timeout *make_chunk(weir_loop *loop)
{
    struct timeout *chunk = calloc(CHUNK, sizeof *chunk);

    for (uint32_t i = 0; chunk && i < CHUNK; i++) {
        weir_timer_init(&chunk[i].timer, loop, on_timer);
        chunk[i].number = state.chunk_count * CHUNK + i;
    }
    return chunk;
}

/* grow(): makes more timers; how many. Throws when out of memory. */
SCRIPT_NATIVE(grow)
{
    struct timeout **chunks =
        realloc(state.chunks, (state.chunk_count + 1) * sizeof *state.chunks);

    if (chunks) {
        state.chunks = chunks;
        chunks[state.chunk_count] = make_chunk(script_get()->loop);
    }
    if (!chunks || !chunks[state.chunk_count])
        return script_throw(ctx, exception, "out of memory for timers");
    state.chunk_count++;
    return JSValueMakeNumber(ctx, CHUNK);
}

/* DELAY after NOW; from this moment, when that is 0, which is told in NOW. */
SCRIPT_FAST_CALL(start)
{
    struct timeout *timeout = timeout_in_register();

    remove_due(timeout);
    if (registers[NOW] == 0)
        registers[NOW] = (double)weir_loop_update_now(script_get()->loop) + 1;
    weir_timer_start_at(&timeout->timer,
                        (uint64_t)(registers[NOW] + registers[DELAY]));
}

SCRIPT_FAST_CALL(stop)
{
    struct timeout *timeout = timeout_in_register();

    remove_due(timeout);
    weir_timer_stop(&timeout->timer);
}

SCRIPT_FAST_CALL(ref)
{
    weir_timer_ref(&timeout_in_register()->timer);
}

SCRIPT_FAST_CALL(unref)
{
    weir_timer_unref(&timeout_in_register()->timer);
}

/* ---------------------------------------------------------------- binding */

void script_bind_timers(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "setCallback", set_callback },
        { "grow", grow },
        { "post", post },
    };
    static const script_fast_call fast[] = {
        SCRIPT_FAST("start", start),
        SCRIPT_FAST("stop", stop),
        SCRIPT_FAST("ref", ref),
        SCRIPT_FAST("unref", unref),
        SCRIPT_FAST("collectDue", collect_due),
        SCRIPT_FAST("nextDue", next_due),
    };
    static const script_constant constants[] = {
        SCRIPT_CONSTANT(NUMBER),
        SCRIPT_CONSTANT(DELAY),
        SCRIPT_CONSTANT(NOW),
        SCRIPT_CONSTANT(MORE),
    };

    state.last = &state.due;
    weir_task_init(&state.task, s->loop, on_task);
    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_fast_calls(s, target, fast, SCRIPT_COUNT(fast));
    script_set_constants(s, target, constants, SCRIPT_COUNT(constants));
    script_share(s, target, "registers", registers, sizeof registers);
}

void script_unbind_timers(script *s)
{
    weir_task_cancel(&state.task);
    if (state.run_turn)
        script_unprotect(s, state.run_turn);
    for (uint32_t i = 0; i < state.chunk_count * CHUNK; i++)
        weir_timer_stop(&timeout_of(i)->timer);
    for (uint32_t i = 0; i < state.chunk_count; i++)
        free(state.chunks[i]);
    free(state.chunks);
    memset(&state, 0, sizeof state);
    memset(registers, 0, sizeof registers);
}
