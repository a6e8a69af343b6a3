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

function median_user(server, n,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = user_ns[server, n, r] / 1e3
    return median(values, rounds)
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
    user_ns[s, n, r] = field["user_ns"]
    cpu[s, n] += field["user_s"] + field["system_s"]
    elapsed[s, n] += field["seconds"]
    if (r > rounds)
        rounds = r
}

END {
    print "                 messages/s                                    " \
        "server's CPU, µs per message"
    print "connections     weir      raw  ratio (min-max)            " \
        "user: weir   raw   more              system: weir    raw   busy"
    count = split(order, list, " ")
    for (i = 1; i <= count; i++) {
        n = list[i]
        for (r = 1; r <= rounds; r++) {
            ratios[r] = rate["weir", n, r] / rate["raw", n, r]
            mores[r] = (user_ns["weir", n, r] - user_ns["raw", n, r]) / 1e3
        }
        ratio = median(ratios, rounds)
        more = median(mores, rounds)
        weir_user = median_user("weir", n)
        raw_user = median_user("raw", n)
        busy = cpu["weir", n] / elapsed["weir", n]
        printf "%11d %8d %8d  %.3f (%.2f-%.2f) %-6s", n,
            median_rate("weir", n), median_rate("raw", n), ratio, ratios[1],
            ratios[rounds], (ratio >= 0.97 ? "ok" : "MISSED")
        printf "   %10.3f %5.3f %+.3f (%.2f-%.2f) %-6s", weir_user, raw_user,
            more, mores[1], mores[rounds], more <= 0.15 ? "ok" : "MISSED"
        printf " %8.2f %6.2f   %3d %%\n",
            per_message(cpu, "weir", n) - weir_user,
            per_message(cpu, "raw", n) - raw_user, busy * 100
    }
    print "Goals: ratio at least 0.97; user space at most 0.15 µs more."
    print "Busy: weir's share of its core."
}
