/*
 * bind_timers.c - the one timer and the one task behind internal/turn.js
 *
 * timers.js keeps the lists; here is what it needs of the loop: a clock, one
 * timer that stands at the earliest time of all, and one task in which timers,
 * immediates and closes are run, in Node's order and not the loop's.
 *
 * Time is in whole ms of the loop's clock, which is rounded down. A timeout's
 * start is told rounded up: counted from there it is never early.
 */
#include "engine.h"

static struct {
    JSObjectRef run_turn; /* protected; NULL before setCallback */
    weir_timer timer;
    weir_task task;
    uint64_t deadline; /* the timer's, while it runs */
} state;

static void set_deadline(uint64_t deadline)
{
    if (weir_timer_running(&state.timer) && deadline == state.deadline)
        return;
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

/* A number ends it: the next deadline, 0 when there is none, negative when it
 * does not hold the process. Anything else: a callback ran, or threw. */
static void run_turn(void)
{
    script *s = script_get();
    JSValueRef result;
    double next;

    if (!state.run_turn)
        return;
    do
        result = script_call(s, state.run_turn, 0, NULL);
    while (!JSValueIsNumber(s->context, result));
    next = JSValueToNumber(s->context, result, NULL);
    if (next == 0)
        return;
    reference(next > 0);
    set_deadline((uint64_t)(next < 0 ? -next : next));
}

/* What JavaScript does in a turn comes behind all other tasks of it: some of
 * them tell what was found as descriptors were served. */
static void on_task(weir_task *task)
{
    (void)task;
    if (!script_after_serving(run_turn))
        run_turn();
}

/* Tasks come after timers. */
static void on_timer(weir_timer *timer)
{
    (void)timer;
    weir_task_post(&state.task);
}

static uint64_t now_rounded_up(script *s)
{
    return weir_loop_update_now(s->loop) + 1;
}

/* setCallback(runTurn): how it is called stands above it. */
SCRIPT_NATIVE(set_callback)
{
    script *s = script_get();

    if (argc < 1)
        return script_throw(ctx, exception, "setCallback: a function");
    state.run_turn = (JSObjectRef)argv[0];
    script_protect(s, state.run_turn);
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

/* post(referenced): there is something for a turn. Harmless when known. */
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
    script_function(s, target, "setCallback", set_callback);
    script_function(s, target, "now", now);
    script_function(s, target, "start", start);
    script_function(s, target, "reference", reference_native);
    script_function(s, target, "post", post);
}

void script_unbind_timers(script *s)
{
    if (!state.run_turn)
        return;
    weir_timer_stop(&state.timer);
    weir_task_cancel(&state.task);
    script_unprotect(s, state.run_turn);
    state.run_turn = NULL;
}
