/*
 * bind_timers.c - the one timer and the one task behind timers.js
 *
 * timers.js keeps the lists; here is what it needs of the loop: a clock, one
 * timer that stands at the earliest time of all, and one task for immediates.
 * Both call JavaScript once for each callback of a script, since the engine
 * runs promise jobs only when the call into it returns.
 *
 * Time is in whole ms of the loop's clock, which is rounded down. A timeout's
 * start is told rounded up: counted from there it is never early.
 */
#include "engine.h"

static struct {
    JSObjectRef fire, run_immediate; /* protected; NULL before setCallbacks */
    weir_timer timer;
    weir_task task;
    uint64_t deadline; /* the timer's, while it runs */
} state;

static void set_deadline(uint64_t deadline)
{
    state.deadline = deadline;
    weir_timer_start_at(&state.timer, deadline);
}

static void reference(bool wanted)
{
    if (wanted)
        weir_timer_ref(&state.timer);
    else
        weir_timer_unref(&state.timer);
}

static void run_immediates(script *s)
{
    JSValueRef first = JSValueMakeBoolean(s->context, true);
    JSValueRef result = script_call(s, state.run_immediate, 1, &first);
    JSValueRef again = JSValueMakeBoolean(s->context, false);

    while (!JSValueIsBoolean(s->context, result))
        result = script_call(s, state.run_immediate, 1, &again);
}

static void on_task(weir_task *task)
{
    (void)task;
    run_immediates(script_get());
}

/* A number ends it: the next deadline, 0 when there is none, negative when it
 * does not hold the process. Anything else: a callback ran, or threw. */
static void on_timer(weir_timer *timer)
{
    script *s = script_get();
    JSValueRef now, result;
    double next;

    (void)timer;
    /* Set since the last task phase, in callbacks of descriptors: Node runs
     * those before it looks at its timers again. */
    if (weir_task_posted(&state.task)) {
        weir_task_cancel(&state.task);
        run_immediates(s);
    }
    now = JSValueMakeNumber(s->context, (double)weir_loop_now(s->loop));
    do
        result = script_call(s, state.fire, 1, &now);
    while (!JSValueIsNumber(s->context, result));
    next = JSValueToNumber(s->context, result, NULL);
    reference(next > 0);
    if (next != 0)
        set_deadline((uint64_t)(next < 0 ? -next : next));
}

static uint64_t now_rounded_up(script *s)
{
    return weir_loop_update_now(s->loop) + 1;
}

/* setCallbacks(fire, runImmediate): how they are called stands above each. */
SCRIPT_NATIVE(set_callbacks)
{
    script *s = script_get();

    if (argc < 2)
        return script_throw(ctx, exception, "setCallbacks: two functions");
    state.fire = (JSObjectRef)argv[0];
    state.run_immediate = (JSObjectRef)argv[1];
    script_protect(s, state.fire);
    script_protect(s, state.run_immediate);
    return JSValueMakeUndefined(ctx);
}

/* now(): the start of a timeout that is started now. */
SCRIPT_NATIVE(now)
{
    return JSValueMakeNumber(ctx, (double)now_rounded_up(script_get()));
}

/* start(duration, referenced): the same, and sees to it that the loop wakes
 * when that timeout is due. */
SCRIPT_NATIVE(start)
{
    uint64_t begin = now_rounded_up(script_get());
    uint64_t deadline = begin + (uint64_t)script_number(ctx, argc, argv, 0, 1);

    if (!weir_timer_running(&state.timer) || deadline < state.deadline)
        set_deadline(deadline);
    reference(script_bool(ctx, argc, argv, 1));
    return JSValueMakeNumber(ctx, (double)begin);
}

/* reference(wanted): whether a timeout holds the process. */
SCRIPT_NATIVE(reference_native)
{
    reference(script_bool(ctx, argc, argv, 0));
    return JSValueMakeUndefined(ctx);
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
    weir_timer_init(&state.timer, s->loop, on_timer);
    weir_task_init(&state.task, s->loop, on_task);
    script_function(s, target, "setCallbacks", set_callbacks);
    script_function(s, target, "now", now);
    script_function(s, target, "start", start);
    script_function(s, target, "reference", reference_native);
    script_function(s, target, "post", post);
}

void script_unbind_timers(script *s)
{
    if (!state.fire)
        return;
    weir_timer_stop(&state.timer);
    weir_task_cancel(&state.task);
    script_unprotect(s, state.fire);
    script_unprotect(s, state.run_immediate);
    state.fire = state.run_immediate = NULL;
}
