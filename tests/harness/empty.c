/* SPDX-License-Identifier: MIT */
/* Not a harness. */
int something_else;
