# core.awk - the table of bench/core
#
# Reads lines of "round=R server=S connections=N messages=M rate=... user_s=...
# system_s=..." and prints a line for each number of connections in `order`.

function median(values, n,    i, j, kept) {
    for (i = 2; i <= n; i++) {
        kept = values[i]
        for (j = i - 1; j > 0 && values[j] > kept; j--)
            values[j + 1] = values[j]
        values[j + 1] = kept
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

function median_rate(server, n,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = rate[server, n, r]
    return median(values, rounds)
}

# Microseconds per message, over all rounds.
function per_message(total, server, n) {
    return total[server, n] * 1e6 / messages[server, n]
}

# The samples taken in user space are a count, whose error is its root; a
# sample stands for 4 ms. At least one: none seen is not none there.
function user_error(server, n,    samples) {
    samples = user[server, n] / 0.004
    return sqrt(samples < 1 ? 1 : samples) * 0.004 * 1e6 / messages[server, n]
}

{
    for (i = 1; i <= NF; i++) {
        split($i, pair, "=")
        field[pair[1]] = pair[2]
    }
    s = field["server"]
    n = field["connections"]
    r = field["round"]
    rate[s, n, r] = field["rate"]
    messages[s, n] += field["messages"]
    user[s, n] += field["user_s"]
    sys[s, n] += field["system_s"]
    elapsed[s, n] += field["seconds"]
    if (r > rounds)
        rounds = r
}

END {
    print "                 messages/s                                    " \
        "server's CPU, µs per message"
    print "connections     weir      raw  ratio (min-max)            " \
        "user: weir   raw   more            system: weir    raw   busy"
    count = split(order, list, " ")
    for (i = 1; i <= count; i++) {
        n = list[i]
        for (r = 1; r <= rounds; r++)
            ratios[r] = rate["weir", n, r] / rate["raw", n, r]
        ratio = median(ratios, rounds)
        more = per_message(user, "weir", n) - per_message(user, "raw", n)
        error = sqrt(user_error("weir", n) ^ 2 + user_error("raw", n) ^ 2)
        busy = (user["weir", n] + sys["weir", n]) / elapsed["weir", n]
        if (more <= 0.15)
            more_verdict = "ok"
        else
            more_verdict = more - 2 * error <= 0.15 ? "unsure" : "MISSED"
        printf "%11d %8d %8d  %.3f (%.2f-%.2f) %-6s", n,
            median_rate("weir", n), median_rate("raw", n), ratio, ratios[1],
            ratios[rounds], (ratio >= 0.97 ? "ok" : "MISSED")
        printf "   %10.3f %5.3f %+.3f ±%.3f %-6s", per_message(user, "weir", n),
            per_message(user, "raw", n), more, error, more_verdict
        printf " %10.2f %6.2f   %3d %%\n", per_message(sys, "weir", n),
            per_message(sys, "raw", n), busy * 100
    }
    print "Goals: ratio at least 0.97; user space at most 0.15 µs more."
    print "Busy: weir's share of its core."
}
