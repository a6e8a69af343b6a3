/*
 * codec.h - text as bytes: UTF-8, base64 and hex, on arrays of UTF-16 units
 *
 * Strings come from the engine and go to it as UTF-16 units; these functions
 * know nothing else of it. None allocates, none fails: what cannot be encoded
 * or decoded is replaced or left out as WHATWG and Node have it, and the result
 * says how far it went.
 */
#ifndef WEIR_SCRIPT_CODEC_H
#define WEIR_SCRIPT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ UTF-8 */

/* The bytes that utf8_encode() would write, given the room. */
size_t codec_utf8_length(const uint16_t *units, size_t count);

/* Writes whole characters only, and gives the number of bytes; `*read` is how
 * many units they were. A lone surrogate becomes U+FFFD. */
size_t codec_utf8_encode(const uint16_t *units, size_t count, uint8_t *out,
                         size_t room, size_t *read);

/* `out` has room for `length` units; gives how many were written. A maximal
 * part of a sequence that is cut off becomes one U+FFFD, and `*valid` (which
 * may be NULL) false. */
size_t codec_utf8_decode(const uint8_t *bytes, size_t length, uint16_t *out,
                         bool *valid);

bool codec_is_utf8(const uint8_t *bytes, size_t length);
bool codec_is_ascii(const uint8_t *bytes, size_t length);

/* ----------------------------------------------------------- hex and base64 */

/* Writes 2 * `length` units. */
void codec_hex_encode(const uint8_t *bytes, size_t length, uint16_t *out);

/* Ends before the first pair that is not hex; gives the number of bytes. */
size_t codec_hex_decode(const uint16_t *units, size_t count, uint8_t *out,
                        size_t room);

/* Units that `length` bytes become; base64url has no padding. */
size_t codec_base64_length(size_t length, bool url);
void codec_base64_encode(const uint8_t *bytes, size_t length, uint16_t *out,
                         bool url);

/* Takes both alphabets, passes over what belongs to neither, ends at '='. */
size_t codec_base64_decode(const uint16_t *units, size_t count, uint8_t *out,
                           size_t room);

#endif
