/*
 * search_list.c - the domains in which short names are looked for
 *
 * They are in LOCALDOMAIN in the environment, or else behind `search` or
 * `domain` in resolv.conf, whose last such line counts; without either it is
 * what stands behind the first dot of this machine's name (resolv.conf(5)).
 *
 * c-ares would read them by itself, but puts whatever it finds behind a name: a
 * domain that cannot be one makes a bad name of each, and ends its lookup by
 * that. Of the "search ." that systemd-resolved writes 1.18 makes "name..". Nor
 * do its versions agree: 1.34 takes one domain of LOCALDOMAIN, and prefers
 * `search` wherever it stands. So they are read here and put right:
 *
 *     search .example.org  a..b  .      "example.org", ""
 *
 * What is meant by leading dots is what stands behind them, and by "." the name
 * as it is. A domain that makes no sense is left away, and so is a list of
 * which nothing else is left: names are asked as they are in any case.
 */
#include "search_list.h"

#include "reactor/alloc.h"
#include "reactor/sys.h"
#include "resolver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char blanks[] = " \t\r\v\f";
static const char separators[] = ", \t\r\v\f";

/* The whole file as a text, now the caller's; NULL when there is none. */
static int read_file(char **text, int fd)
{
    size_t size = 0, room = 0;
    char *grown;
    ssize_t got;

    do {
        if (room - size < 2) {
            room = room ? room * 2 : 1024;
            grown = weir_realloc(*text, room);
            if (!grown)
                return -ENOMEM;
            *text = grown;
        }
        got = sys_read(fd, *text + size, room - size - 1);
        if (got < 0)
            return (int)got;
        size += (size_t)got;
    } while (got > 0);
    (*text)[size] = '\0';
    return 0;
}

/* It will not be better next time: there is no such file, or none for us. */
static bool is_lasting(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -EACCES ||
           error == -ELOOP || error == -EISDIR;
}

static int read_resolv_conf(char **text)
{
    int fd = sys_open(WEIR_RESOLV_CONF, O_RDONLY | O_CLOEXEC);
    int result;

    *text = NULL;
    if (fd < 0)
        return is_lasting(fd) ? 0 : fd;
    result = read_file(text, fd);
    sys_close(fd);
    if (result < 0) {
        weir_release(*text);
        *text = NULL;
    }
    return is_lasting(result) ? 0 : result;
}

/* What stands behind this keyword, if the line begins with it. */
static char *value_of(char *line, const char *keyword)
{
    size_t length = strlen(keyword), space;

    line += strspn(line, blanks);
    if (strncmp(line, keyword, length) != 0)
        return NULL;
    space = strspn(line + length, blanks);
    return space ? line + length + space : NULL;
}

/* The last line that names domains, as the words of it that count; NULL when
 * there is no such line. The lines are cut out of the text. */
static char *last_value(char *text)
{
    char *last = NULL;

    while (text) {
        char *line = strsep(&text, "\n");
        char *value;

        line[strcspn(line, "#;")] = '\0';
        value = value_of(line, "search");
        if (!value) {
            value = value_of(line, "domain");
            if (value)
                value[strcspn(value, blanks)] = '\0';
        }
        if (value && value[strspn(value, separators)])
            last = value;
    }
    return last;
}

static size_t count_words(const char *words)
{
    size_t count = 0;

    words += strspn(words, separators);
    while (*words) {
        words += strcspn(words, separators);
        words += strspn(words, separators);
        count++;
    }
    return count;
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* The domain that is meant, NULL for none. c-ares 1.34 takes no byte above
 * ASCII. */
static char *put_right(char *domain)
{
    size_t length;

    domain += strspn(domain, ".");
    if (!weir_is_domain(domain) || !is_ascii(domain))
        return NULL;
    length = strlen(domain);
    if (length && domain[length - 1] == '.')
        domain[length - 1] = '\0';
    return domain;
}

static void add(struct weir_search_list *list, char *word)
{
    char *domain = put_right(word);
    size_t length = domain ? strlen(domain) : 0;

    if (!domain)
        return;
    list->domains[list->count++] = domain;
    if (length > list->longest)
        list->longest = length;
}

static int split(struct weir_search_list *list, const char *words)
{
    size_t table = count_words(words) * sizeof *list->domains;
    char *word, *next;

    list->domains = weir_alloc(table + strlen(words) + 1);
    if (!list->domains)
        return -ENOMEM;
    word = strcpy((char *)list->domains + table, words);
    for (word += strspn(word, separators); *word; word = next) {
        next = word + strcspn(word, separators);
        if (*next)
            *next++ = '\0';
        next += strspn(next, separators);
        add(list, word);
    }
    if (!list->longest)
        list->count = 0; /* the root alone */
    return 0;
}

static int split_host_name(struct weir_search_list *list)
{
    char name[WEIR_HOST_MAX + 1];
    const char *dot;

    if (gethostname(name, sizeof name) < 0)
        return 0;
    name[sizeof name - 1] = '\0'; /* not when it was cut, says POSIX */
    dot = strchr(name, '.');
    return dot ? split(list, dot + 1) : 0;
}

int weir_search_list_read(struct weir_search_list *list)
{
    const char *environment = getenv("LOCALDOMAIN");
    char *text = NULL, *value;
    int result;

    memset(list, 0, sizeof *list);
    if (environment)
        return split(list, environment);
    result = read_resolv_conf(&text);
    if (result < 0)
        return result;
    value = last_value(text);
    result = value ? split(list, value) : split_host_name(list);
    weir_release(text);
    return result;
}

void weir_search_list_free(struct weir_search_list *list)
{
    weir_release(list->domains);
}
