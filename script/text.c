/*
 * text.c - UTF-8 to the engine's strings and back
 */
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* ---------------------------------------------------------------- decoding */

/* What may follow a lead byte. The range of the second byte keeps out what is
 * too long, the surrogates, and what is above U+10FFFF. */
static int continuations(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *low = 0xA0;
        if (lead == 0xED)
            *high = 0x9F;
        return 2;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *low = 0x90;
        if (lead == 0xF4)
            *high = 0x8F;
        return 3;
    }
    return -1;
}

/* One character behind its lead byte; U+FFFD for the part that was right. */
static uint32_t decode_rest(const uint8_t *bytes, size_t length, size_t *at)
{
    static const uint8_t lead_bits[] = { 0, 0x1F, 0x0F, 0x07 };
    uint8_t lead = bytes[(*at)++], low, high;
    int more = continuations(lead, &low, &high);
    uint32_t point;

    if (more < 0)
        return REPLACEMENT;
    point = lead & lead_bits[more];
    for (; more > 0; more--) {
        if (*at >= length || bytes[*at] < low || bytes[*at] > high)
            return REPLACEMENT;
        point = point << 6 | (bytes[(*at)++] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    return point;
}

size_t text_decode(const uint8_t *bytes, size_t length, uint16_t *out)
{
    size_t at = 0, count = 0;

    while (at < length) {
        uint32_t point;

        if (bytes[at] < 0x80) {
            out[count++] = bytes[at++];
            continue;
        }
        point = decode_rest(bytes, length, &at);
        if (point >= 0x10000) {
            out[count++] = (uint16_t)(0xD7C0 + (point >> 10));
            out[count++] = (uint16_t)(0xDC00 | (point & 0x3FF));
        } else {
            out[count++] = (uint16_t)point;
        }
    }
    return count;
}

static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((signed char)text[i] <= 0)
            return false;
    }
    return true;
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
        units, text_decode((const uint8_t *)utf8, length, units));
    free(units);
    return string;
}

/* ---------------------------------------------------------------- encoding */

static bool is_pair(const uint16_t *units, size_t count, size_t at)
{
    return (units[at] & 0xFC00) == 0xD800 && at + 1 < count &&
           (units[at + 1] & 0xFC00) == 0xDC00;
}

static size_t put(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

size_t text_encode(const uint16_t *units, size_t count, char *out)
{
    size_t length = 0;

    for (size_t at = 0; at < count; at++) {
        uint32_t point = units[at];

        if (is_pair(units, count, at))
            point = 0x10000 + ((point & 0x3FF) << 10) + (units[++at] & 0x3FF);
        else if ((point & 0xF800) == 0xD800)
            point = REPLACEMENT;
        length += put(out + length, point);
    }
    return length;
}

char *text_from_string(JSStringRef string, size_t *length)
{
    size_t count = JSStringGetLength(string);
    char *text = malloc(count * 3 + 1);
    size_t used;

    if (!text)
        return NULL;
    used = text_encode(JSStringGetCharactersPtr(string), count, text);
    text[used] = 0;
    if (length)
        *length = used;
    return text;
}
