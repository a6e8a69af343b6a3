/*
 * timers.c - the loop's timers and the task behind timers.js
 *
 * A Timeout that runs is a weir_timer with a number on both sides: an index
 * into chunks here, which never move, and into an array there. What a call has
 * to say stands in registers that both sides see. One task stands for all
 * immediates.
 *
 * Times are whole ms of the loop's clock, which is rounded down. A timeout's
 * start is rounded up: counted from there it is never early.
 */
#include "bindings.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER, DELAY, NOW, MORE, REGISTERS };

enum { CHUNK = 256 };

struct timeout {
    weir_timer timer;
    uint32_t number;
};

static struct {
    JSObjectRef fire, run_immediates; /* protected; NULL before setCallbacks */
    struct timeout **chunks;
    uint32_t chunk_count;
    weir_task task;
    unsigned long entries; /* of the engine, when a timer fired last */
} state;

static double registers[REGISTERS];

static struct timeout *timeout_of(uint32_t number)
{
    return &state.chunks[number / CHUNK][number % CHUNK];
}

static weir_timer *timer_in_register(void)
{
    return &timeout_of((uint32_t)registers[NUMBER])->timer;
}

static void run_immediates(script *s)
{
    do
        script_call_plain(s, state.run_immediates);
    while (registers[MORE] != 0 && !s->over);
}

static void on_task(weir_task *task)
{
    (void)task;
    run_immediates(script_get());
}

/* Immediates that were set in callbacks of descriptors run before the timers
 * are looked at again, as on Node; not those that a timer has set, which wait
 * for all that are due with it. */
static void on_timer(weir_timer *timer)
{
    script *s = script_get();

    if (weir_task_posted(&state.task) && state.entries != s->entries) {
        weir_task_cancel(&state.task);
        run_immediates(s);
    }
    if (weir_timer_running(timer))
        return; /* started anew by one of them */
    registers[NUMBER] = ((struct timeout *)timer)->number;
    registers[NOW] = (double)weir_loop_now(s->loop);
    script_call_plain(s, state.fire);
    state.entries = s->entries;
}

/* setCallbacks(fire, runImmediates) */
SCRIPT_NATIVE(set_callbacks)
{
    script *s = script_get();

    if (argc < 2)
        return script_throw(ctx, exception, "setCallbacks: two functions");
    state.fire = (JSObjectRef)argv[0];
    state.run_immediates = (JSObjectRef)argv[1];
    script_protect(s, state.fire);
    script_protect(s, state.run_immediates);
    return JSValueMakeUndefined(ctx);
}

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
    if (registers[NOW] == 0)
        registers[NOW] = (double)weir_loop_update_now(script_get()->loop) + 1;
    weir_timer_start_at(timer_in_register(),
                        (uint64_t)(registers[NOW] + registers[DELAY]));
}

SCRIPT_FAST_CALL(stop)
{
    weir_timer_stop(timer_in_register());
}

SCRIPT_FAST_CALL(ref)
{
    weir_timer_ref(timer_in_register());
}

SCRIPT_FAST_CALL(unref)
{
    weir_timer_unref(timer_in_register());
}

/* post(referenced): immediates are to be run; harmless when that is known. */
SCRIPT_NATIVE(post)
{
    if (script_bool(ctx, argc, argv, 0))
        weir_task_ref(&state.task);
    else
        weir_task_unref(&state.task);
    weir_task_post(&state.task);
    return JSValueMakeUndefined(ctx);
}

void script_bind_timers(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "setCallbacks", set_callbacks },
        { "grow", grow },
        { "post", post },
    };
    static const script_fast_call fast[] = {
        SCRIPT_FAST("start", start),
        SCRIPT_FAST("stop", stop),
        SCRIPT_FAST("ref", ref),
        SCRIPT_FAST("unref", unref),
    };
    static const script_constant constants[] = {
        SCRIPT_CONSTANT(NUMBER),
        SCRIPT_CONSTANT(DELAY),
        SCRIPT_CONSTANT(NOW),
        SCRIPT_CONSTANT(MORE),
    };

    weir_task_init(&state.task, s->loop, on_task);
    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_fast_calls(s, target, fast, SCRIPT_COUNT(fast));
    script_set_constants(s, target, constants, SCRIPT_COUNT(constants));
    script_share(s, target, "registers", registers, sizeof registers);
}

void script_unbind_timers(script *s)
{
    weir_task_cancel(&state.task);
    if (state.fire)
        script_unprotect(s, state.fire);
    if (state.run_immediates)
        script_unprotect(s, state.run_immediates);
    for (uint32_t i = 0; i < state.chunk_count * CHUNK; i++)
        weir_timer_stop(&timeout_of(i)->timer);
    for (uint32_t i = 0; i < state.chunk_count; i++)
        free(state.chunks[i]);
    free(state.chunks);
    memset(&state, 0, sizeof state);
    memset(registers, 0, sizeof registers);
}
