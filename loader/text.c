// SPDX-License-Identifier: GPL-2.0
/*
 * Is a text fit for a terminal and for JSON? Then it is UTF-8, and none of its
 * characters tells a terminal to do something.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

/* The smallest character that needs this many bytes. */
static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

/* Bytes of the character that begins with this one; 0: none does. */
static size_t length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* C0, DEL and C1 are controls; the last ones turn the direction of a line. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Bytes of the character at @text if it can be printed, else 0. */
static size_t printable(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i, len = length(*p);
	uint32_t c;

	if (len <= 1)
		return is_control(*p) ? 0 : len;
	c = *p & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
	    is_control(c))
		return 0;
	return len;
}

/**
 * text_is_printable - can a text be shown as it is?
 * @text: the text
 */
bool text_is_printable(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = printable(text);
		if (!len)
			return false;
	}
	return true;
}

/**
 * text_is_name - is a text a name as C has them?
 * @text: the text
 */
bool text_is_name(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (isalnum((unsigned char)*text) || *text == '_')
		text++;
	return !*text;
}

/* Up to @end, where a character of text ends. */
static void clean(char *text, const char *end)
{
	size_t len;

	while (text < end) {
		len = printable(text);
		if (!len)
			*text = '?';
		text += len ?: 1;
	}
}

/**
 * text_clean - put a question mark for each byte that cannot be shown
 * @text: the text
 */
void text_clean(char *text)
{
	clean(text, text + strlen(text));
}

/**
 * text_clean_lines - text_clean() for text that has lines and tabs
 * @text: the text
 */
void text_clean_lines(char *text)
{
	char *end;

	for (; *text; text = end) {
		end = text + strcspn(text, "\n\t");
		if (end == text) {
			end++;
			continue;
		}
		clean(text, end);
	}
}

/**
 * text_pair - take the next "key=value" off a line of the kernel
 * @line: what is left of the line, which is taken apart
 * @value: gets the value, NULL for a word without one. That of "text", which may
 *	   hold blanks, goes to the end of the line, the others to a blank
 *
 * Return: the key, or NULL at the end of the line.
 */
char *text_pair(char **line, char **value)
{
	char *key = *line + strspn(*line, " ");
	char *end = key + strcspn(key, " =");

	if (!*key)
		return NULL;
	*value = *end == '=' ? end + 1 : NULL;
	if (*value)
		*end = '\0';
	if (*value && !strcmp(key, "text"))
		end = *value + strlen(*value);
	else if (*value)
		end = *value + strcspn(*value, " ");
	*line = end;
	if (*end) {
		*end = '\0';
		*line = end + 1;
	}
	return key;
}
