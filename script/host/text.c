/*
 * text.c - UTF-8 to the engine's strings and back
 */
#include "text.h"

#include "codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *text, size_t length)
{
    return codec_is_ascii((const uint8_t *)text, length) &&
           !memchr(text, 0, length);
}

JSStringRef text_to_string(const char *utf8, size_t length)
{
    uint16_t *units;
    JSStringRef string;

    /* ASCII with a NUL behind it, as our own sources have: kept in 8 bits. */
    if (is_plain(utf8, length)) {
        char *copy = malloc(length + 1);

        if (!copy)
            return NULL;
        memcpy(copy, utf8, length);
        copy[length] = 0;
        string = JSStringCreateWithUTF8CString(copy);
        free(copy);
        return string;
    }
    units = malloc((length ? length : 1) * sizeof *units);
    if (!units)
        return NULL;
    string = JSStringCreateWithCharacters(
        units, codec_utf8_decode((const uint8_t *)utf8, length, units, NULL));
    free(units);
    return string;
}

char *text_from_string(JSStringRef string, size_t *length)
{
    size_t count = JSStringGetLength(string);
    char *text = malloc(count * 3 + 1);
    size_t used, read;

    if (!text)
        return NULL;
    used = codec_utf8_encode(JSStringGetCharactersPtr(string), count,
                             (uint8_t *)text, count * 3, &read);
    text[used] = 0;
    if (length)
        *length = used;
    return text;
}
