/*
 * hosts_file.c - what /etc/hosts says of a name
 *
 * A line is an address and the names that have it, and what follows a '#' is a
 * comment; a name may be in many lines. The file is read anew for each lookup,
 * in pieces and word by word: no line is too long, nothing is cached, and a
 * file that is replaced by an older one is noticed like any other.
 *
 * c-ares reads it too, but not so that the file could decide for a name as a
 * whole. 1.18 answers for one family, and does not say whether the file has no
 * such name or could not be read. 1.34 gives a name the addresses of every
 * other name that shares one with it ("127.0.0.1 localhost pinned" and "::1
 * localhost": pinned is ::1 as well; c-ares #1049), and reads the file again
 * only when its time of change lies ahead of the last reading.
 */
#include "hosts_file.h"

#include "address.h"
#include "reactor/alloc.h"
#include "resolver.h"

#include <ctype.h>
#include <strings.h>

static const char hosts_file[] = "/etc/hosts";

struct search {
    const char *host;
    weir_address *found;
    size_t count, room;
    /* Where in a line the next word stands: its address, one of its names, or
     * what is left of a line of which nothing more is wanted. */
    enum { ADDRESS, NAME, REST } at;
    weir_address address;
    size_t length; /* of the word; more than fits is no host's name */
    char word[WEIR_HOST_MAX + 2];
};

static int add(struct search *search)
{
    if (search->count == search->room) {
        size_t room = search->room ? search->room * 2 : 4;
        weir_address *found = weir_realloc(search->found, room * sizeof *found);

        if (!found)
            return -ENOMEM;
        search->found = found;
        search->room = room;
    }
    search->found[search->count++] = search->address;
    return 0;
}

static int end_word(struct search *search)
{
    bool fits = search->length < sizeof search->word;
    int result = 0;

    if (search->length == 0)
        return 0;
    if (fits)
        search->word[search->length] = '\0';
    search->length = 0;
    if (search->at == ADDRESS) {
        /* A scope that does not exist, or not an address at all. */
        bool valid =
            fits && weir_address_ip(&search->address, search->word, 0) == 0;

        search->at = valid ? NAME : REST;
    } else if (fits && strcasecmp(search->word, search->host) == 0) {
        search->at = REST;
        result = add(search);
    }
    return result;
}

static int take(struct search *search, char c)
{
    int result;

    if (c != '#' && !isspace((unsigned char)c)) {
        if (search->at != REST && search->length < sizeof search->word)
            search->word[search->length++] = c;
        return 0;
    }
    result = end_word(search);
    if (c == '\n')
        search->at = ADDRESS;
    else if (c == '#')
        search->at = REST;
    return result;
}

static int read_through(struct search *search, int fd)
{
    char piece[4096];
    ssize_t size;

    while ((size = sys_read(fd, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < size; i++) {
            int result = take(search, piece[i]);

            if (result < 0)
                return result;
        }
    }
    return size < 0 ? (int)size : take(search, '\n');
}

/* Whether there is a way to it from here, as RFC 6724 has it (rule 1): a UDP
 * socket is asked, and nothing is sent. */
static bool reachable(const weir_address *address)
{
    weir_address to = *address;
    int fd = weir_sys_socket(weir_address_family(address), SOCK_DGRAM);
    int result;

    if (fd < 0)
        return false;
    weir_address_set_port(&to, 9); /* BSD has no way to port 0 */
    result = sys_connect(fd, &to.name.any, to.length);
    sys_close(fd);
    return result == 0;
}

/* What of RFC 6724 matters in a file that was written by hand: first what can
 * be reached, and of that IPv6 first; apart from that as the file has it. */
static int put_in_order(struct search *search)
{
    enum { IPV4 = 1, UNREACHABLE = 2, RANKS = 4 };
    size_t count = search->count, placed = 0;
    weir_address *ordered;
    unsigned char *ranks;

    if (count < 2)
        return 0;
    ordered = weir_alloc(count * (sizeof *ordered + sizeof *ranks));
    if (!ordered)
        return -ENOMEM;
    ranks = (unsigned char *)(ordered + count);
    for (size_t i = 0; i < count; i++) {
        const weir_address *address = &search->found[i];
        bool ipv4 = weir_address_family(address) == AF_INET;

        ranks[i] = (unsigned char)((ipv4 ? IPV4 : 0) |
                                   (reachable(address) ? 0 : UNREACHABLE));
    }
    for (unsigned rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < count; i++)
            if (ranks[i] == rank)
                ordered[placed++] = search->found[i];
    weir_release(search->found);
    search->found = ordered;
    return 0;
}

int weir_hosts_file_find(const char *host, weir_address **addresses,
                         size_t *count)
{
    struct search search = { .host = host };
    int fd = sys_open(hosts_file, O_RDONLY | O_CLOEXEC);
    int result;

    if (fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES)
        return WEIR_ENOTFOUND;
    if (fd < 0)
        return fd;
    result = read_through(&search, fd);
    sys_close(fd);
    if (result == 0)
        result = search.count ? put_in_order(&search) : WEIR_ENOTFOUND;
    if (result < 0) {
        weir_release(search.found);
        return result;
    }
    *addresses = search.found;
    *count = search.count;
    return 0;
}
