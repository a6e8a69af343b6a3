# script.awk - the tables of bench/script
#
# Reads lines of "server=S round=R KEY=VALUE...", prints for `part` a line for
# each of `servers`, and below what is judged: medians of the rounds' ratios,
# with the smallest and the largest.

function median(values, n,    i, j, kept) {
    for (i = 2; i <= n; i++) {
        kept = values[i]
        for (j = i - 1; j > 0 && values[j] > kept; j--)
            values[j + 1] = values[j]
        values[j + 1] = kept
    }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

# The median of KEY over the rounds.
function middle(server, key,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = value[server, key, r]
    return median(values, rounds)
}

# Judges the ratio of one's KEY to the other's, if the other was there.
function judge_ratio(one, other, key, relation, limit,    r, values, ratio) {
    if (!(other in present))
        return
    for (r = 1; r <= rounds; r++)
        values[r] = value[one, key, r] / value[other, key, r]
    ratio = median(values, rounds)
    judge(sprintf("%s / %s", one, other), sprintf("%.3f", ratio),
        sprintf("(%.2f-%.2f)", values[1], values[rounds]), relation, limit)
}

function judge_value(what, key, relation, limit,    r, values, figure) {
    for (r = 1; r <= rounds; r++)
        values[r] = value["weir", key, r]
    figure = median(values, rounds)
    judge(what, sprintf("%.3g", figure), sprintf("(%.3g-%.3g)", values[1],
        values[rounds]), relation, limit)
}

function judge(what, figure, range, relation, limit,    good) {
    good = relation == "at least" ? figure >= limit + 0 : \
        relation == "below" ? figure < limit + 0 : figure <= limit + 0
    printf "  %-18s %8s %-14s goal %s %s: %s\n", what, figure, range,
        relation, limit, good ? "ok" : "MISSED"
}

# --------------------------------------------------------- of a single line

# Microseconds per message. Unknown (-1) when the clock did not see the server's
# calls; each server is seen in all rounds or in none.
function derive_echo(s, r) {
    value[s, "cpu_us", r] = (field["user_s"] + field["system_s"]) * 1e6 / \
        field["messages"]
    value[s, "busy", r] = (field["user_s"] + field["system_s"]) * 100 / \
        field["seconds"]
    value[s, "user_us", r] = field["waits"] > 0 ? \
        field["clock_ns"] / 1e3 / field["clock_messages"] : -1
}

function derive_memory(s, r) {
    value[s, "each", r] = 1024 / field["idle"] * \
        (field["after_kib"] - field["before_kib"])
    value[s, "each_at_once", r] = 1024 / field["idle"] * \
        (field["at_once_kib"] - field["before_kib"])
    value[s, "each_private", r] = 1024 / field["idle"] * \
        (field["after_private_kib"] - field["before_private_kib"])
}

function derive_proxy(s, r) {
    value[s, "rate", r] = field["bytes"] / 1e6 / field["seconds"]
    value[s, "busy", r] = field["cpu_s"] * 100 / field["seconds"]
}

{
    split("", field)
    for (i = 1; i <= NF; i++) {
        split($i, pair, "=")
        field[pair[1]] = pair[2]
        value[field["server"], pair[1], field["round"]] = pair[2]
    }
    present[field["server"]] = 1
    if (field["round"] > rounds)
        rounds = field["round"]
    if (part == "echo")
        derive_echo(field["server"], field["round"])
    else if (part == "memory")
        derive_memory(field["server"], field["round"])
    else if (part == "proxy")
        derive_proxy(field["server"], field["round"])
}

# ------------------------------------------------------------------- tables

function echo_line(s,    user) {
    user = middle(s, "user_us")
    printf "%-6s %12d %9.0f %9.0f %6d %% %12.2f %11s\n", s, middle(s, "rate"),
        middle(s, "p50_us"), middle(s, "p99_us"), middle(s, "busy"),
        middle(s, "cpu_us"), user < 0 ? "not seen" : sprintf("%.3f", user)
}

function memory_line(s) {
    printf "%-6s %7.1f %9.1f %12d %9d %9d\n", s, middle(s, "fresh_kib") / 1024,
        middle(s, "fresh_private_kib") / 1024, middle(s, "each"),
        middle(s, "each_at_once"), middle(s, "each_private")
}

function proxy_line(s) {
    printf "%-6s %7.3f %7.2f %7.2f %6d %% %9d\n", s, middle(s, "cpu_s"),
        middle(s, "user_s"), middle(s, "system_s"), middle(s, "busy"),
        middle(s, "rate")
}

function print_table(    i) {
    for (i = 1; i <= count; i++) {
        if (part == "echo")
            echo_line(list[i])
        else if (part == "start")
            printf "%-6s %10.2f %8.2f\n", list[i], middle(list[i], "wall_ms"),
                middle(list[i], "cpu_ms")
        else if (part == "memory")
            memory_line(list[i])
        else
            proxy_line(list[i])
    }
}

END {
    count = split(servers, list, " ")
    if (part == "echo")
        print "server   messages/s    p50 µs    p99 µs     busy" \
            "   CPU, µs per message: all   user space"
    else if (part == "start")
        print "server    wall, ms  CPU, ms"
    else if (part == "memory")
        print "        just started, MiB      bytes per connection\n" \
            "server resident, private     resident   at once   private"
    else
        print "server   CPU, s    user  system     busy      MB/s"
    print_table()
    if (part == "echo") {
        judge_ratio("weir", "node", "rate", "at least", 1.25)
        judge_ratio("weir", "raw", "rate", "at least", 0.85)
        judge_value("user space, µs", "user_us", "at most", 0.6)
    } else if (part == "start") {
        judge_ratio("weir", "node", "wall_ms", "at most", 0.333)
    } else if (part == "memory") {
        judge_ratio("weir", "node", "fresh_kib", "below", 1)
        judge_value("bytes each", "each", "at most", 1000)
    } else {
        judge_ratio("weir", "node", "cpu_s", "at most", 0.5)
    }
}
