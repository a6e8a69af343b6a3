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

# A figure, its least and its most in a round, and what is to be said of it.
function judge(what, values, decimals, relation, limit,    figure, good, f) {
    figure = median(values, rounds)
    f = "%." decimals "f"
    printf "%-22s " f " (" f "-" f ")", what, figure, values[1], values[rounds]
    good = relation == "at least" ? figure >= limit : \
        relation == "below" ? figure < limit : figure <= limit
    if (relation)
        printf "   goal %s %.4g: %s", relation, limit, good ? "ok" : "MISSED"
    print ""
}

function judge_value(what, key, decimals, relation, limit,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = value["weir", key, r]
    judge(what, values, decimals, relation, limit)
}

function judge_ratio(what, other, key, relation, limit,    r, values) {
    if (!(other in present))
        return
    for (r = 1; r <= rounds; r++)
        values[r] = value["weir", key, r] / value[other, key, r]
    judge(what ", of " other "\047s", values, 3, relation, limit)
}

# --------------------------------------------------------- of a single line

# The clock sees a server's calls in all rounds or in none.
function seen(s) {
    return value[s, "user_us", 1] > 0
}

function derive_echo(s, r) {
    value[s, "cpu_us", r] = (field["user_s"] + field["system_s"]) * 1e6 / \
        field["messages"]
    value[s, "busy", r] = (field["user_s"] + field["system_s"]) * 100 / \
        field["seconds"]
    value[s, "user_us", r] = field["waits"] > 0 ? \
        field["clock_ns"] / 1e3 / field["clock_messages"] : 0
}

function bytes_each(to, from) {
    return (field[to] - field[from]) * 1024 / field["idle"]
}

function derive_memory(s, r) {
    value[s, "each", r] = bytes_each("full_kib", "warm_kib")
    value[s, "each_private", r] = bytes_each("full_private_kib",
        "warm_private_kib")
    value[s, "each_from_fresh", r] = bytes_each("full_kib", "fresh_kib")
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

function echo_line(s) {
    printf "%-6s %12d %9.0f %9.0f %6d %% %12.2f %11s\n", s, middle(s, "rate"),
        middle(s, "p50_us"), middle(s, "p99_us"), middle(s, "busy"),
        middle(s, "cpu_us"),
        seen(s) ? sprintf("%.3f", middle(s, "user_us")) : "not seen"
}

function memory_line(s) {
    printf "%-6s %8.1f %8.1f %8.1f %8.1f %13d %9d %12d\n", s,
        middle(s, "fresh_kib") / 1024, middle(s, "fresh_private_kib") / 1024,
        middle(s, "warm_kib") / 1024, middle(s, "full_kib") / 1024,
        middle(s, "each"), middle(s, "each_private"),
        middle(s, "each_from_fresh")
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
        print "                resident memory, MiB            bytes per " \
            "connection\n" \
            "server    fresh (private)   warm     full      resident" \
            "   private   from fresh"
    else
        print "server   CPU, s    user  system     busy      MB/s"
    print_table()
    print ""
    if (part == "echo") {
        judge_ratio("messages/s", "node", "rate", "at least", 1.25)
        judge_ratio("messages/s", "raw", "rate", "at least", 0.85)
        if (seen("weir"))
            judge_value("user space, us", "user_us", 3, "at most", 0.6)
        if (seen("weir") && seen("node"))
            judge_ratio("user space", "node", "user_us")
    } else if (part == "start") {
        judge_ratio("wall time", "node", "wall_ms", "at most", 1 / 3)
    } else if (part == "memory") {
        judge_ratio("fresh", "node", "fresh_kib", "below", 1)
        judge_value("bytes per connection", "each", 0, "at most", 1000)
    } else {
        judge_ratio("CPU", "node", "cpu_s", "at most", 0.5)
    }
}
