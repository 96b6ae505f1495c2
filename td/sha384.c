/* SPDX-License-Identifier: MIT */
#include "td/sha384.h"

/* FIPS 180-4, 4.2.3: the first 64 bits of the fractional parts of the cube roots of the first 80 primes. */
static const uint64_t k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static uint64_t turn(uint64_t x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

/* 6.4.2, step 1, with the 16 words of the schedule that are still needed. */
static uint64_t schedule(uint64_t w[16], unsigned int t)
{
	uint64_t before15 = w[(t + 1) % 16], before2 = w[(t + 14) % 16];

	if (t >= 16)
		w[t % 16] += w[(t + 9) % 16] + (turn(before15, 1) ^ turn(before15, 8) ^ before15 >> 7) +
			     (turn(before2, 19) ^ turn(before2, 61) ^ before2 >> 6);
	return w[t % 16];
}

static void block(uint64_t h[8], const uint8_t *p)
{
	uint64_t w[16], v[8];

	for (unsigned int i = 0; i < 16; i++) {
		w[i] = 0;
		for (unsigned int n = 0; n < 8; n++)
			w[i] = w[i] << 8 | p[8 * i + n];
	}
	for (unsigned int i = 0; i < 8; i++)
		v[i] = h[i];
	for (unsigned int t = 0; t < 80; t++) {
		uint64_t t1 = v[7] + (turn(v[4], 14) ^ turn(v[4], 18) ^ turn(v[4], 41)) +
			      ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[t] + schedule(w, t);
		uint64_t t2 = (turn(v[0], 28) ^ turn(v[0], 34) ^ turn(v[0], 39)) +
			      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		for (unsigned int i = 7; i > 0; i--)
			v[i] = v[i - 1];
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned int i = 0; i < 8; i++)
		h[i] += v[i];
}

void td_sha384_start(struct td_sha384 *s)
{
	/* 5.3.4: of the square roots of the ninth to the sixteenth prime. */
	static const uint64_t first[8] = {
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
	};

	s->bytes = 0;
	for (unsigned int i = 0; i < 8; i++)
		s->h[i] = first[i];
}

void td_sha384_add(struct td_sha384 *s, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	while (bytes > 0) {
		size_t have = s->bytes % TD_SHA384_BLOCK, n = TD_SHA384_BLOCK - have;

		n = bytes < n ? bytes : n;
		if (n == TD_SHA384_BLOCK) {
			block(s->h, p);
		} else {
			for (size_t i = 0; i < n; i++)
				s->block[have + i] = p[i];
			if (have + n == TD_SHA384_BLOCK)
				block(s->h, s->block);
		}
		s->bytes += n;
		p += n;
		bytes -= n;
	}
}

/* 5.1.2: a one bit, zeroes, and how many bits there were, in 16 bytes. */
void td_sha384_end(struct td_sha384 *s, uint8_t digest[TD_SHA384_BYTES])
{
	uint64_t bits = s->bytes * 8;
	uint8_t tail[2 * TD_SHA384_BLOCK] = { 0x80 };
	size_t have = s->bytes % TD_SHA384_BLOCK;
	size_t n = (have < TD_SHA384_BLOCK - 16 ? TD_SHA384_BLOCK : 2 * TD_SHA384_BLOCK) - have;

	for (size_t i = 0; i < 8; i++)
		tail[n - 1 - i] = (uint8_t)(bits >> 8 * i);
	td_sha384_add(s, tail, n);
	for (size_t i = 0; i < TD_SHA384_BYTES; i++)
		digest[i] = (uint8_t)(s->h[i / 8] >> (56 - 8 * (i % 8)));
}

void td_sha384_extend(uint8_t value[TD_SHA384_BYTES], const uint8_t digest[TD_SHA384_BYTES])
{
	struct td_sha384 s;

	td_sha384_start(&s);
	td_sha384_add(&s, value, TD_SHA384_BYTES);
	td_sha384_add(&s, digest, TD_SHA384_BYTES);
	td_sha384_end(&s, value);
}
