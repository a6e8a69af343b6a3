/*
 * text.h - UTF-8 to the engine's strings and back
 *
 * As WHATWG's encoding standard has it: what is not UTF-8 becomes U+FFFD, one
 * for each maximal part of a sequence, and so does a lone surrogate. NUL is a
 * character like others.
 */
#ifndef WEIR_SCRIPT_TEXT_H
#define WEIR_SCRIPT_TEXT_H

#include <JavaScriptCore/JavaScript.h>

#include <stddef.h>

/* A string to be released, NULL when out of memory. */
JSStringRef text_to_string(const char *utf8, size_t length);

/* UTF-8 with a NUL behind it, to be freed; NULL when out of memory. `length`
 * may be NULL. */
char *text_from_string(JSStringRef string, size_t *length);

#endif
