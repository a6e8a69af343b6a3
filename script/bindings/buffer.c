/*
 * buffer.c - what Buffer does better in C: text, searching, comparing
 *
 * A call into C costs 70 ns, each number that goes along 50 ns more, in either
 * direction. So numbers stand in `frame`, an array of doubles that both sides
 * see, and the arguments are strings and views only. That is still more than
 * JavaScript needs for a few bytes: buffer.js calls here for long texts, and
 * for short ones that are not ASCII.
 *
 *     decode(view)            frame: encoding, start, end -> the string, or
 *                             undefined: not valid (STRICT), or no memory
 *     encode(view, string)    frame: encoding, start, end -> bytes, units read
 *     encodeAlone(string)     an ArrayBuffer with its UTF-8
 *     utf8Length(string)      -> bytes
 *     search(view, what)      frame: start, forward, step -> index or -1
 *     compare(view, view)     -> negative, 0, positive, over the shorter one
 *     swap(view)              frame: size of what is swapped: 2, 4 or 8
 *     isUtf8(view), isAscii(view)                         return booleans
 *
 * Strings are UTF-16 on the way in and out: the engine makes the units of an
 * 8-bit string for us, at a fourth of the cost of its own UTF-8 conversion.
 */
#include "bindings.h"

#include "script/host/codec.h"

#include <stdlib.h>
#include <string.h>

enum encoding { UTF8, UTF16LE, LATIN1, ASCII, HEX, BASE64, BASE64URL };
enum { STRICT = 8 };

/* Longer texts take their units from malloc. */
enum { STACK_UNITS = 2048 };

static double frame[4];

/* ------------------------------------------------------------- arguments */

struct part {
    uint8_t *bytes;
    size_t length;
};

static size_t whole(double number, size_t limit)
{
    if (!(number > 0))
        return 0;
    return number < (double)limit ? (size_t)number : limit;
}

/* The bytes from frame[1] to frame[2] of a view. */
static bool part_of(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                    struct part *part)
{
    size_t start, end;

    if (!script_bytes(ctx, argc, argv, 0, &part->bytes, &part->length))
        return false;
    if (!part->bytes)
        part->length = 0; /* detached */
    start = whole(frame[1], part->length);
    end = whole(frame[2], part->length);
    if (start > 0)
        part->bytes += start;
    part->length = end > start ? end - start : 0;
    return true;
}

static JSStringRef string_at(JSContextRef ctx, size_t argc,
                             const JSValueRef argv[], size_t index)
{
    if (index >= argc || !JSValueIsString(ctx, argv[index]))
        return NULL;
    return JSValueToStringCopy(ctx, argv[index], NULL);
}

static JSValueRef bad_call(JSContextRef ctx, JSValueRef *exception)
{
    return script_throw(ctx, exception, "binding.buffer: wrong arguments");
}

/* ---------------------------------------------------------------- decoding */

static size_t units_needed(enum encoding encoding, size_t length)
{
    switch (encoding) {
    case HEX:
        return length * 2;
    case BASE64:
    case BASE64URL:
        return codec_base64_length(length, encoding == BASE64URL);
    case UTF16LE:
        return length / 2;
    default:
        return length;
    }
}

static void widen(const struct part *part, uint16_t *units, uint8_t mask)
{
    for (size_t i = 0; i < part->length; i++)
        units[i] = part->bytes[i] & mask;
}

static void join_bytes(const struct part *part, uint16_t *units)
{
    for (size_t i = 0; i < part->length / 2; i++) {
        units[i] = (uint16_t)(part->bytes[2 * i] | part->bytes[2 * i + 1] << 8);
    }
}

/* Gives the number of units. */
static size_t to_units(enum encoding encoding, const struct part *part,
                       uint16_t *units, bool *valid)
{
    switch (encoding) {
    case UTF8:
        return codec_utf8_decode(part->bytes, part->length, units, valid);
    case UTF16LE:
        join_bytes(part, units);
        break;
    case LATIN1:
        widen(part, units, 0xFF);
        break;
    case ASCII:
        widen(part, units, 0x7F);
        break;
    case HEX:
        codec_hex_encode(part->bytes, part->length, units);
        break;
    case BASE64:
    case BASE64URL:
        codec_base64_encode(part->bytes, part->length, units,
                            encoding == BASE64URL);
        break;
    }
    return units_needed(encoding, part->length);
}

static JSValueRef make_string(JSContextRef ctx, const uint16_t *units,
                              size_t count)
{
    return script_from_string(ctx, JSStringCreateWithCharacters(units, count));
}

SCRIPT_NATIVE(decode)
{
    uint16_t some[STACK_UNITS], *units = some;
    unsigned how = (unsigned)whole(frame[0], STRICT | 7);
    enum encoding encoding = (enum encoding)(how & 7);
    JSValueRef result = JSValueMakeUndefined(ctx);
    struct part part;
    bool valid = true;
    size_t count;

    if (!part_of(ctx, argc, argv, &part))
        return bad_call(ctx, exception);
    count = units_needed(encoding, part.length);
    if (count > STACK_UNITS)
        units = malloc(count * sizeof *units);
    if (!units)
        return result;
    count = to_units(encoding, &part, units, &valid);
    if (valid || !(how & STRICT))
        result = make_string(ctx, units, count);
    if (units != some)
        free(units);
    return result;
}

/* ---------------------------------------------------------------- encoding */

static size_t narrow(const uint16_t *units, size_t count,
                     const struct part *out)
{
    size_t used = count < out->length ? count : out->length;

    for (size_t i = 0; i < used; i++)
        out->bytes[i] = (uint8_t)units[i];
    return used;
}

static size_t split_units(const uint16_t *units, size_t count,
                          const struct part *out)
{
    size_t used = count < out->length / 2 ? count : out->length / 2;

    for (size_t i = 0; i < used; i++) {
        out->bytes[2 * i] = (uint8_t)units[i];
        out->bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
    return used * 2;
}

static size_t from_units(enum encoding encoding, const uint16_t *units,
                         size_t count, const struct part *out, size_t *read)
{
    switch (encoding) {
    case UTF8:
        return codec_utf8_encode(units, count, out->bytes, out->length, read);
    case UTF16LE:
        return split_units(units, count, out);
    case LATIN1:
    case ASCII:
        return narrow(units, count, out);
    case HEX:
        return codec_hex_decode(units, count, out->bytes, out->length);
    case BASE64:
    case BASE64URL:
        return codec_base64_decode(units, count, out->bytes, out->length);
    }
    return 0;
}

SCRIPT_NATIVE(encode)
{
    enum encoding encoding = (enum encoding)whole(frame[0], BASE64URL);
    JSStringRef string;
    struct part out;
    size_t read = 0;

    if (!part_of(ctx, argc, argv, &out))
        return bad_call(ctx, exception);
    string = string_at(ctx, argc, argv, 1);
    if (!string)
        return bad_call(ctx, exception);
    frame[0] = (double)from_units(encoding, JSStringGetCharactersPtr(string),
                                  JSStringGetLength(string), &out, &read);
    frame[1] = (double)read;
    JSStringRelease(string);
    return JSValueMakeUndefined(ctx);
}

static void free_bytes(void *bytes, void *context)
{
    (void)context;
    free(bytes);
}

/* A long text in memory of its own: one way through it, where asking for the
 * length first makes two. The pages that the worst case does not need are never
 * touched, and given back. */
SCRIPT_NATIVE(encode_alone)
{
    JSStringRef string = string_at(ctx, argc, argv, 0);
    size_t count, length, read;
    uint8_t *bytes, *smaller;

    if (!string)
        return bad_call(ctx, exception);
    count = JSStringGetLength(string);
    bytes = malloc(count * 3 + 1);
    if (!bytes) {
        JSStringRelease(string);
        return script_throw(ctx, exception, "Out of memory");
    }
    length = codec_utf8_encode(JSStringGetCharactersPtr(string), count, bytes,
                               count * 3, &read);
    JSStringRelease(string);
    smaller = realloc(bytes, length + 1);
    return JSObjectMakeArrayBufferWithBytesNoCopy(
        ctx, smaller ? smaller : bytes, length, free_bytes, NULL, exception);
}

SCRIPT_NATIVE(utf8_length)
{
    JSStringRef string = string_at(ctx, argc, argv, 0);

    if (!string)
        return bad_call(ctx, exception);
    frame[0] = (double)codec_utf8_length(JSStringGetCharactersPtr(string),
                                         JSStringGetLength(string));
    JSStringRelease(string);
    return JSValueMakeUndefined(ctx);
}

/* --------------------------------------------------- searching, comparing */

/* The first occurrence at a multiple of `step`, from `start` on. */
static ptrdiff_t find_first(const struct part *in, const struct part *what,
                            size_t start, size_t step)
{
    while (start + what->length <= in->length) {
        uint8_t *hit = memmem(in->bytes + start, in->length - start,
                              what->bytes, what->length);
        size_t at;

        if (!hit)
            return -1;
        at = (size_t)(hit - in->bytes);
        if (at % step == 0)
            return (ptrdiff_t)at;
        start = at + 1;
    }
    return -1;
}

/* The last one that begins at `start` or before. */
static ptrdiff_t find_last(const struct part *in, const struct part *what,
                           size_t start, size_t step)
{
    size_t at;

    if (what->length > in->length)
        return -1;
    at = in->length - what->length;
    if (at > start)
        at = start;
    for (at -= at % step;; at -= step) {
        if (in->bytes[at] == what->bytes[0] &&
            memcmp(in->bytes + at, what->bytes, what->length) == 0)
            return (ptrdiff_t)at;
        if (at < step)
            return -1;
    }
}

SCRIPT_NATIVE(search)
{
    struct part in, what;
    size_t start, step = frame[2] == 2 ? 2 : 1;

    if (!script_bytes(ctx, argc, argv, 0, &in.bytes, &in.length) ||
        !script_bytes(ctx, argc, argv, 1, &what.bytes, &what.length) ||
        what.length == 0)
        return bad_call(ctx, exception);
    start = whole(frame[0], in.length);
    frame[0] = (double)(frame[1] != 0 ? find_first(&in, &what, start, step)
                                      : find_last(&in, &what, start, step));
    return JSValueMakeUndefined(ctx);
}

SCRIPT_NATIVE(compare)
{
    struct part one, other;
    size_t shorter;

    if (!script_bytes(ctx, argc, argv, 0, &one.bytes, &one.length) ||
        !script_bytes(ctx, argc, argv, 1, &other.bytes, &other.length))
        return bad_call(ctx, exception);
    shorter = one.length < other.length ? one.length : other.length;
    frame[0] = shorter == 0 ? 0 : memcmp(one.bytes, other.bytes, shorter);
    return JSValueMakeUndefined(ctx);
}

/* ---------------------------------------------------------------- swapping */

static void swap16(uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    value = __builtin_bswap16(value);
    memcpy(bytes, &value, sizeof value);
}

static void swap32(uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    value = __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof value);
}

static void swap64(uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

SCRIPT_NATIVE(swap)
{
    size_t size = whole(frame[0], 8);
    struct part part;

    if (!script_bytes(ctx, argc, argv, 0, &part.bytes, &part.length) ||
        (size != 2 && size != 4 && size != 8))
        return bad_call(ctx, exception);
    for (size_t i = 0; i + size <= part.length; i += size) {
        if (size == 2)
            swap16(part.bytes + i);
        else if (size == 4)
            swap32(part.bytes + i);
        else
            swap64(part.bytes + i);
    }
    return JSValueMakeUndefined(ctx);
}

/* ---------------------------------------------------------------- validity */

SCRIPT_NATIVE(is_utf8)
{
    struct part part;

    if (!script_bytes(ctx, argc, argv, 0, &part.bytes, &part.length))
        return bad_call(ctx, exception);
    return JSValueMakeBoolean(ctx, codec_is_utf8(part.bytes, part.length));
}

SCRIPT_NATIVE(is_ascii)
{
    struct part part;

    if (!script_bytes(ctx, argc, argv, 0, &part.bytes, &part.length))
        return bad_call(ctx, exception);
    return JSValueMakeBoolean(ctx, codec_is_ascii(part.bytes, part.length));
}

/* ----------------------------------------------------------------- binding */

void script_bind_buffer(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "decode", decode },
        { "encode", encode },
        { "encodeAlone", encode_alone },
        { "utf8Length", utf8_length },
        { "search", search },
        { "compare", compare },
        { "swap", swap },
        { "isUtf8", is_utf8 },
        { "isAscii", is_ascii },
    };
    static const script_constant constants[] = {
        SCRIPT_CONSTANT(UTF8),      SCRIPT_CONSTANT(UTF16LE),
        SCRIPT_CONSTANT(LATIN1),    SCRIPT_CONSTANT(ASCII),
        SCRIPT_CONSTANT(HEX),       SCRIPT_CONSTANT(BASE64),
        SCRIPT_CONSTANT(BASE64URL), SCRIPT_CONSTANT(STRICT),
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_set_constants(s, target, constants, SCRIPT_COUNT(constants));
    script_share(s, target, "frame", frame, sizeof frame);
}
