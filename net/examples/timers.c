/*
 * timers - a metronome, a deadline that keeps moving, and an end
 *
 * Shows the three uses of a timer: one that repeats and keeps its beat, one
 * that is re-armed again and again (and so never fires until that stops), and
 * one that fires once.
 */
#include <weir/reactor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEAT = 100, PATIENCE = 250, BEATS = 10, LAST_REARM = 5 };

static weir_timer metronome, watchdog, end;
static uint64_t began;
static int beats;

static unsigned since_start(weir_timer *timer)
{
    return (unsigned)(weir_loop_now(timer->loop) - began);
}

static void on_beat(weir_timer *timer)
{
    beats++;
    printf("%5u ms  beat %d\n", since_start(timer), beats);
    /* As long as somebody does this, the watchdog sleeps. */
    if (beats <= LAST_REARM)
        weir_timer_start(&watchdog, PATIENCE);
}

static void on_watchdog(weir_timer *timer)
{
    printf("%5u ms  the watchdog was not re-armed for %d ms\n",
           since_start(timer), PATIENCE);
}

static void on_end(weir_timer *timer)
{
    printf("%5u ms  the end\n", since_start(timer));
    weir_timer_stop(&metronome); /* nothing is left: the loop ends */
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && !strcmp(argv[1], "--help");
    weir_loop *loop;

    if (argc > 1) {
        fprintf(help ? stdout : stderr,
                "usage: timers\nShows timers for about a second.\n");
        return help ? 0 : 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    weir_check(weir_loop_create(&loop));
    weir_check(weir_timer_init(&metronome, loop, on_beat));
    weir_check(weir_timer_init(&watchdog, loop, on_watchdog));
    weir_check(weir_timer_init(&end, loop, on_end));
    began = weir_loop_update_now(loop);
    weir_check(weir_timer_start_repeating(&metronome, BEAT));
    weir_timer_start(&watchdog, PATIENCE);
    weir_timer_start(&end, BEAT * BEATS + BEAT / 2);
    weir_check(weir_loop_run(loop));
    return weir_loop_destroy(loop);
}
