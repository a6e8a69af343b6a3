# plan.awk - what a round consists of, and how long each measurement may take
#
#   awk -v left=SECONDS -v rounds=N -v least_rounds=N -v floor=SECONDS
#       -v ceiling=SECONDS -v fewer=0|1 -f plan.awk COMBINATIONS PEERS COSTS
#
#   COMBINATIONS  "PART PARAMETERS TIMES", the most important first: PARAMETERS
#                 are key=value,... and TIMES is how often the measured time
#                 fits into one measurement (0: its length is fixed)
#   PEERS         "NAME WARMUP START PART..." with seconds for warming up and
#                 starting
#   COSTS         "PART PARAMETERS NAME SECONDS": what a measurement took last
#                 time besides the time measured
#
# There are `left` seconds for all rounds. What starting, connecting and warming
# up take is taken off; the rest is divided. A measurement shorter than `floor`
# says nothing: then there are fewer rounds, then (with `fewer`) fewer
# combinations. Prints
#
#   rounds N / seconds S / total T     T: of all the rounds
#   without PART PARAMETERS            left out, since it does not fit
#   measure PART PARAMETERS NAME SECONDS WARMUP TIMES
#
# the last in the order of a round: A B C of one combination, then of the next.

function number_in(parameters, name,    list, pair, i) {
    for (i = split(parameters, list, ","); i > 0; i--) {
        split(list[i], pair, "=")
        if (pair[1] == name)
            return pair[2]
    }
    return 0
}

# Until it is known. Connecting costs both sides some 50 us.
function guess(part, parameters, peer,    open) {
    open = number_in(parameters, "connections") + \
        number_in(parameters, "readers") + number_in(parameters, "stalled")
    open = start[peer] + warmup[peer] + 0.08 + open * 6e-5
    if (part == "stalled")
        return open + warmup[peer] + 1.2
    if (part == "fanout")
        return open + 0.2
    return part == "http" ? open + 1.1 : open
}

# Servers in C are started once more, for user_clock.c.
function times_of(c, peer) {
    return times[c] + (language[peer] == "C" && parameters[c] ~ /clock=yes/)
}

function overhead(c, peer,    key) {
    key = part[c] SUBSEP parameters[c] SUBSEP peer
    if (key in cost)
        return cost[key]
    return guess(part[c], parameters[c], peer) * \
        (times_of(c, peer) > times[c] ? 2 : 1)
}

function takes_part(peer, name) {
    return (" " parts[peer] " ") ~ (" " name " ")
}

# One round of the first n combinations: sets `fixed` and `weight`.
function weigh(n,    c, p) {
    fixed = weight = 0
    for (c = 1; c <= n; c++)
        for (p = 1; p <= peers; p++)
            if (takes_part(peer[p], part[c])) {
                fixed += overhead(c, peer[p])
                weight += times_of(c, peer[p])
            }
}

# What a measurement gets with r rounds of n combinations.
function share(n, r) {
    weigh(n)
    return weight ? (left / r - fixed) / weight : ceiling
}

FILENAME == ARGV[1] {
    part[++combinations] = $1
    parameters[combinations] = $2
    times[combinations] = $3
}
FILENAME == ARGV[2] {
    peer[++peers] = $1
    language[$1] = $2
    warmup[$1] = $3
    start[$1] = $4
    parts[$1] = $0
}
FILENAME == ARGV[3] {
    cost[$1, $2, $3] = $4
}

END {
    kept = combinations
    while (rounds > least_rounds && share(kept, rounds) < floor)
        rounds--
    while (fewer && kept > 1 && share(kept, rounds) < floor)
        kept--
    seconds = share(kept, rounds)
    if (seconds > ceiling)
        seconds = ceiling
    if (seconds < floor)
        seconds = floor
    printf "rounds %d\nseconds %.2f\ntotal %.1f\n", rounds, seconds,
        rounds * (fixed + weight * seconds)
    for (c = kept + 1; c <= combinations; c++)
        print "without", part[c], parameters[c]
    for (c = 1; c <= kept; c++)
        for (p = 1; p <= peers; p++)
            if (takes_part(peer[p], part[c]))
                printf "measure %s %s %s %.2f %.2f %d\n", part[c],
                    parameters[c], peer[p], seconds, warmup[peer[p]],
                    times_of(c, peer[p])
}
