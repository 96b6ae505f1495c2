/* SPDX-License-Identifier: MIT */
/* What a freestanding program must bring itself. */
#include "image/bytes.h"

/* Words where possible: an emulated CPU takes as long for a byte. Built without the loop-to-call optimisation. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, size_t bytes)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word), f += sizeof(word))
		*(word *)t = *(const word *)f;
	while (bytes-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	if (t <= f || t >= f + bytes)
		return memcpy(to, from, bytes);
	while (bytes-- > 0)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	word all = 0x0101010101010101ull * (uint8_t)byte;
	uint8_t *t = to;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word))
		*(word *)t = all;
	while (bytes-- > 0)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *p = a, *q = b;

	for (; bytes > 0; bytes--, p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

size_t strnlen(const char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n] != '\0')
		n++;
	return n;
}
