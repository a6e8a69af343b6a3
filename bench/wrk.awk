# wrk.awk - what wrk says, in the words of the load generator
#
# `before` and `after` are the server's user and system seconds.

function in_us(text) {
    if (text ~ /us$/)
        return text + 0
    return text ~ /ms$/ ? text * 1e3 : text * 1e6
}

$1 == "50%" { p50 = in_us($2) }
$1 == "99%" { p99 = in_us($2) }
$1 == "99.9%" { p999 = $2 }
/requests in/ {
    requests = $1
    seconds = in_us(substr($4, 1, length($4) - 1)) / 1e6
}

END {
    split(before, b, " ")
    split(after, a, " ")
    printf "units=%d seconds=%.3f rate=%.0f p50_us=%.1f p99_us=%.1f", requests,
        seconds, requests / seconds, p50, p99
    if (p999)
        printf " p999_us=%.1f", p999
    printf " cpu_s=%.2f user_s=%.2f system_s=%.2f\n",
        a[1] + a[2] - b[1] - b[2], a[1] - b[1], a[2] - b[2]
}
