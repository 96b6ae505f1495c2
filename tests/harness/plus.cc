// SPDX-License-Identifier: MIT
// A correct loop in C++.
#include <memory>
#include <vector>

#include "tests/harness/loop.h"

namespace {

class Converter {
	std::vector<uint64_t> pages;
public:
	int convert(uint64_t gpa, uint64_t size, bool to_shared)
	{
		if (ask(gpa, size, to_shared) != 0)
			return -1;
		for (uint64_t at = gpa; at < gpa + size; at += PAGE)
			pages.push_back(at);
		for (uint64_t at : pages)
			if (!to_shared && take(at, PAGE) != 0)
				return -2;
		return 0;
	}
};

int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	return std::make_unique<Converter>()->convert(gpa, size, to_shared != 0);
}

}

TDLAB_GUEST(convert, .name = "C++");
