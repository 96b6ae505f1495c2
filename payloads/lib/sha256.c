/* SPDX-License-Identifier: MIT */
/* FIPS 180-4, section 6.2. The constants are computed as sections 4.2.2 and 5.3.3 define them. */
#include "payloads/lib/payload.h"
#include "payloads/lib/sha256.h"

static uint32_t constants[64];

/* First 32 bits of the fraction of the square (2) or cube (3) root of a prime below 312. Nothing here overflows. */
static uint32_t root_fraction(uint32_t prime, unsigned int degree)
{
	unsigned __int128 low = 0, high = (unsigned __int128)prime << 32;

	while (high - low > 1) {
		unsigned __int128 middle = (low + high) / 2, power = middle * middle;

		if (degree == 3)
			power *= middle;
		if (power <= (unsigned __int128)prime << 32 * degree)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static bool is_prime(uint32_t n)
{
	for (uint32_t d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return true;
}

void sha256_start(struct sha256 *sha)
{
	uint32_t prime = 1;

	for (unsigned int i = 0; i < 64; i++) {
		do
			prime++;
		while (!is_prime(prime));
		constants[i] = root_fraction(prime, 3);
		if (i < 8)
			sha->state[i] = root_fraction(prime, 2);
	}
	sha->bytes = 0;
}

static uint32_t rotate(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static void expand(uint32_t w[64], const volatile uint8_t *block)
{
	for (unsigned int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned int i = 16; i < 64; i++)
		w[i] = (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
}

static void compress(uint32_t state[8], const volatile uint8_t *block)
{
	uint32_t w[64], s[8], t1, t2;

	expand(w, block);
	memcpy(s, state, sizeof(s));
	for (unsigned int i = 0; i < 64; i++) {
		t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
		     constants[i] + w[i];
		t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
		     ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (unsigned int i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256_add(struct sha256 *sha, const volatile void *data, size_t bytes)
{
	const volatile uint8_t *block = data;

	for (size_t n = 0; n + SHA256_BLOCK <= bytes; n += SHA256_BLOCK)
		compress(sha->state, block + n);
	sha->bytes += bytes;
}

void sha256_end(const struct sha256 *sha, char hex[65])
{
	uint8_t last[SHA256_BLOCK] = { 0x80 };
	struct sha256 end = *sha;

	for (unsigned int i = 0; i < 8; i++)
		last[SHA256_BLOCK - 1 - i] = (uint8_t)(sha->bytes * 8 >> 8 * i);
	compress(end.state, last);
	for (unsigned int i = 0; i < 64; i++)
		hex[i] = "0123456789abcdef"[end.state[i / 8] >> (28 - i % 8 * 4) & 15];
	hex[64] = '\0';
}
