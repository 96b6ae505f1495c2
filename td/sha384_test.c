/* SPDX-License-Identifier: MIT */
/*
 * SHA-384 against NIST's examples (FIPS 180-4, csrc.nist.gov "Cryptographic Standards and Guidelines", SHA384.pdf, and
 * the million a's of FIPS 180-2, C.3), and against coreutils' sha384sum over all lengths around the block's.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define tap_puts(s) fputs(s, stdout)
#include "td/sha384.h"
#include "wire/tap.h"

static char hex[2 * TD_SHA384_BYTES + 1];

static const char *show(const uint8_t *digest)
{
	for (int i = 0; i < TD_SHA384_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return hex;
}

/* The bytes in pieces of so many. */
static const char *digest_of(const void *data, size_t bytes, size_t piece)
{
	uint8_t digest[TD_SHA384_BYTES];
	struct td_sha384 s;

	td_sha384_start(&s);
	for (size_t at = 0; at < bytes; at += piece)
		td_sha384_add(&s, (const char *)data + at, bytes - at < piece ? bytes - at : piece);
	td_sha384_end(&s, digest);
	return show(digest);
}

static bool is(const char *got, const char *want)
{
	return strcmp(got, want) == 0;
}

static void test_vectors(void)
{
	static const char two[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	static char million[1000000];

	memset(million, 'a', sizeof(million));
	tap_ok(is(digest_of("abc", 3, 3), "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
					  "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"), "abc: one block");
	tap_ok(is(digest_of(two, 112, 112), "09330c33f71147e83d192fc782cd1b4753111b173b3b05d2"
					    "2fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"), "two blocks");
	tap_ok(is(digest_of("", 0, 1), "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
				       "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"), "nothing");
	tap_ok(is(digest_of(million, sizeof(million), sizeof(million)),
		  "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"),
	       "a million times a");
}

/*
 * for n in $(seq 0 600); do head -c $n bytes | sha384sum | cut -c-96 | xxd -r -p; done | sha384sum, where bytes are
 * 0, 1, ... 250, 0, ...
 */
static const char all_lengths[] =
	"e9783ba56ce8802b28b902daae3ebb238ccedbd2e1f523923956012f37c11975d3ee358a2ce6b1d520cf52ffa94fc5b7";

static void test_lengths(void)
{
	static const size_t pieces[] = { 1, 7, 127, 128, 129, 1000 };
	uint8_t data[600], digest[TD_SHA384_BYTES];
	struct td_sha384 s, outer;
	char name[80];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++) {
		td_sha384_start(&outer);
		for (size_t n = 0; n <= sizeof(data); n++) {
			td_sha384_start(&s);
			for (size_t at = 0; at < n; at += pieces[p])
				td_sha384_add(&s, data + at, n - at < pieces[p] ? n - at : pieces[p]);
			td_sha384_end(&s, digest);
			td_sha384_add(&outer, digest, sizeof(digest));
		}
		td_sha384_end(&outer, digest);
		snprintf(name, sizeof(name), "0 to 600 bytes as sha384sum has them, in pieces of %zu", pieces[p]);
		tap_ok(is(show(digest), all_lengths), name);
	}
}

static void test_extend(void)
{
	uint8_t both[2 * TD_SHA384_BYTES], value[TD_SHA384_BYTES] = { 0 };
	char want[sizeof(hex)];

	memset(both, 0, TD_SHA384_BYTES);
	memset(both + TD_SHA384_BYTES, 0x5a, TD_SHA384_BYTES);
	memcpy(want, digest_of(both, sizeof(both), sizeof(both)), sizeof(want));
	td_sha384_extend(value, both + TD_SHA384_BYTES);
	tap_ok(is(show(value), want), "an extend hashes the old value and then the digest");
}

int main(void)
{
	test_vectors();
	test_lengths();
	test_extend();
	return tap_done();
}
