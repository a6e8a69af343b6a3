# timers.awk - the lines of bench/timers.c, as measurements of bench/run
#
# Of `speed`: insert 21.3, rearm_10000 9.1; a number at the end is how many
# timers were running. Of `fire`: one measurement of all of it.

what == "speed" && NF == 2 {
    name = $1
    live = 1000000
    if (match(name, /_[0-9]+$/)) {
        live = substr(name, RSTART + 1)
        name = substr(name, 1, RSTART - 1)
    }
    print "name=" name, "live=" live, "ns=" $2
}
what == "fire" && NF == 2 {
    all = all " " $1 "=" $2
}

END {
    if (what == "fire")
        print "name=fire" all
}
