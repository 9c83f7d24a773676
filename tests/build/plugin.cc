// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The libframealloc authors
// A plugin that allocates and frees by new and delete in both kinds, with size
// and without, in code of its own and of libstdc++. See plugin.sh.
#include <string>
#include <vector>

namespace
{

struct Thing {
    ~Thing()
    {
    }
    std::string name = "a name that is too long to be kept inside";
};

} // namespace

extern "C" int
plugin_run(void)
{
    std::vector<std::string> names;
    for (int i = 0; i < 1000; i++)
        names.push_back(std::string(static_cast<size_t>(i), 'x'));
    Thing *things = new Thing[100];
    delete[] things;
    char *bytes = new char[100000];
    bytes[99999] = 0;
    delete[] bytes;
    ::operator delete(::operator new(100));
    return names[999].size() == 999 ? 0 : 1;
}
