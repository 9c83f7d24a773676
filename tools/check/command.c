/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A compiler's command.
 *
 * Warnings are left out as well: the analysis has none, and an option that
 * makes them errors must not keep it from a file. So are levels of
 * optimisation, which only make system headers define more functions.
 */
#include "check/command.h"

#include "check/path.h"
#include "check/text.h"

#include <string.h>

enum { RESPONSE_DEPTH = 8 };

/* Options of one word, by how they begin: dropped. A final "=" is part of it;
 * a final "!" means the whole word. */
static const char *const dropped[] = {"-c!",
                                      "-S!",
                                      "-E!",
                                      "-pipe!",
                                      "-pg!",
                                      "-s!",
                                      "-v!",
                                      "-H!",
                                      "-P!",
                                      "-C!",
                                      "-CC!",
                                      "-rdynamic!",
                                      "-shared!",
                                      "-static!",
                                      "-g",
                                      "-O",
                                      "-W",
                                      "-w!",
                                      "-pedantic",
                                      "-M!",
                                      "-MM!",
                                      "-MD!",
                                      "-MMD!",
                                      "-MG!",
                                      "-MP!",
                                      "-MV!",
                                      "-save-temps",
                                      "-L",
                                      "-l",
                                      "-B",
                                      "-DPIC!",
                                      "-fPIC!",
                                      "-fpic!",
                                      "-fPIE!",
                                      "-fpie!",
                                      "-fanalyzer",
                                      "-fno-analyzer",
                                      "-fdump-",
                                      "-fdiagnostics-",
                                      "-fno-diagnostics-",
                                      "-fplugin",
                                      "-fopt-info",
                                      "-fprofile",
                                      "-fno-profile",
                                      "-fcallgraph-info",
                                      "-fstack-usage!",
                                      "-fcondition-coverage",
                                      "-ftree-",
                                      "-fno-tree-",
                                      "-fipa-",
                                      "-fno-ipa-",
                                      "-fira-",
                                      "-fno-ira-",
                                      "-fsched-",
                                      "-fno-sched",
                                      "-fvar-tracking",
                                      "-fno-var-tracking",
                                      "-fgcse",
                                      "-fno-gcse",
                                      "-flto",
                                      "-fno-lto",
                                      "-ffat-lto",
                                      "-fno-fat-lto",
                                      "-fuse-ld=",
                                      "-fconserve-stack!",
                                      "-fallow-store-data-races!",
                                      "-fno-allow-store-data-races!",
                                      "-fno-strict-overflow!",
                                      "-fsanitize",
                                      "-fno-sanitize",
                                      "-fstack-",
                                      "-fno-stack-",
                                      "-fcf-protection",
                                      "-fhardened!",
                                      "-fzero-call-used-regs",
                                      "-ftrivial-auto-var-init",
                                      "-fno-reorder",
                                      "-freorder",
                                      "-falign-",
                                      "-fno-code-hoisting!",
                                      "-fmodules-ts!",
                                      "-fmodule-mapper",
                                      "-fdeps-",
                                      "-fmacro-prefix-map=",
                                      "-fdebug-prefix-map=",
                                      "-ffile-prefix-map=",
                                      "-frandom-seed",
                                      "-fmax-errors",
                                      "-ferror-limit",
                                      "-fcolor-diagnostics!",
                                      "-fno-color-diagnostics!",
                                      "-fconcepts-diagnostics",
                                      "-fno-canonical",
                                      "-fcanon-prefix-map",
                                      "-specs=",
                                      "-mpreferred-stack-boundary",
                                      "-mindirect-branch",
                                      "-mfunction-return",
                                      "-mno-fp-ret-in-387!",
                                      "-mskip-rax-setup!",
                                      "-mrecord-mcount!",
                                      "-mtune=",
                                      "-mabi=",
                                      "-fuse-",
                                      "-fno-var",
                                      "-fno-guess",
                                      "-fno-partial",
                                      "-fno-toplevel",
                                      "-fexcess-precision",
                                      "-fno-semantic-interposition!",
                                      "-fsemantic-interposition!",
                                      "-fwhole-program!"};

/* Options of two words, or of one when something follows: dropped. */
static const char *const dropped_pairs[] = {
    "-o",       "-MF",       "-MT",         "-MQ",
    "-MJ",      "-Xlinker",  "-Xassembler", "-z",
    "-T",       "-aux-info", "--param",     "-dumpbase",
    "-dumpdir", "-u",        "-wrapper",    "-arch",
    "-A",       "-e",        "-Xanalyzer",  "--serialize-diagnostics"};

static bool
is_dropped(const char *word)
{
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        size_t size = strlen(dropped[i]);
        if (dropped[i][size - 1] != '!') {
            if (text_starts(word, dropped[i]))
                return true;
        } else if (strncmp(word, dropped[i], size - 1) == 0 &&
                   word[size - 1] == '\0') {
            return true;
        }
    }
    return false;
}

/* How many words go: 0, 1 or 2. */
static size_t
dropped_words(const char *word)
{
    size_t count = sizeof(dropped_pairs) / sizeof(dropped_pairs[0]);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, dropped_pairs[i]) == 0)
            return 2;
        if (strlen(dropped_pairs[i]) == 2 && word[1] != '-' &&
            strchr("ozTuA", dropped_pairs[i][1]) != NULL &&
            text_starts(word, dropped_pairs[i]))
            return 1;
    }
    return is_dropped(word) ? 1 : 0;
}

/* One word from *text on, which then stands behind it. */
static const char *
take_word(const char **text)
{
    const char *p = *text;
    fa_string word = TEXT_STRING_INIT;
    char quote = '\0';
    for (; *p != '\0' && (quote != '\0' || strchr(" \t\r\n", *p) == NULL);
         p++) {
        if (quote == '\0' && (*p == '"' || *p == '\'')) {
            quote = *p;
        } else if (*p == quote) {
            quote = '\0';
        } else {
            bool is_escape =
                *p == '\\' && p[1] != '\0' && quote != '\'' &&
                (quote == '\0' || strchr("\"\\$`\n", p[1]) != NULL);
            p += is_escape;
            fa_string_append_bytes(&word, p, 1);
        }
    }
    *text = p;
    return text_of(&word);
}

static void
split_into(const char *text, text_list *words)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text == '\0')
            return;
        text_push(words, take_word(&text));
    }
}

static void
finish(text_list *words, struct command_words *out)
{
    text_push(words, NULL);
    out->items = words->items;
    out->count = words->count - 1;
}

void
command_split(const char *text, struct command_words *out)
{
    text_list words = TEXT_VEC_INIT;
    split_into(text, &words);
    finish(&words, out);
}

/* Puts a word, or those of the file that it names, into the list. A file
 * that cannot be read stays a word, as compilers do it. */
static void
expand(const char *word, const char *directory, unsigned depth,
       text_list *words)
{
    size_t size;
    char *text = NULL;
    if (word[0] == '@' && depth < RESPONSE_DEPTH)
        text = text_read_file(path_absolute(directory, word + 1), &size);
    if (text == NULL) {
        text_push(words, word);
        return;
    }
    text_list inner = TEXT_VEC_INIT;
    split_into(text, &inner);
    for (size_t i = 0; i < inner.count; i++)
        expand(inner.items[i], directory, depth + 1, words);
}

static bool
takes_value(const char *word)
{
    static const char *const names[] = {"-I",           "-D",
                                        "-U",           "-x",
                                        "-include",     "-imacros",
                                        "-isystem",     "-iquote",
                                        "-idirafter",   "-isysroot",
                                        "--sysroot",    "-iprefix",
                                        "-iwithprefix", "-target",
                                        "--target",     "-Xclang",
                                        "-mllvm",       "-std",
                                        "-F",           "-iframework",
                                        "-cxx-isystem", "-Xpreprocessor"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

static bool
is_wrapper(const char *word)
{
    const char *name = path_name(word);
    return strcmp(name, "ccache") == 0 || strcmp(name, "sccache") == 0 ||
           strcmp(name, "distcc") == 0 || strcmp(name, "icecc") == 0;
}

/* A compiler for C++ that is given a file of C. */
static bool
is_cxx_for_c(const char *compiler, const char *file)
{
    return strstr(path_name(compiler), "++") != NULL &&
           (text_ends(file, ".c") || text_ends(file, ".h"));
}

static bool
is_file(const char *word, const char *file, const char *directory)
{
    return word[0] != '-' && strcmp(path_absolute(directory, word), file) == 0;
}

void
command_clean(const char *const *words, size_t count, const char *file,
              const char *directory, struct command_words *out)
{
    text_list all = TEXT_VEC_INIT, kept = TEXT_VEC_INIT;
    for (size_t i = 0; i < count; i++)
        expand(words[i], directory, 0, &all);
    size_t i = 0;
    while (i < all.count && is_wrapper(all.items[i]))
        i++;
    if (i < all.count && is_cxx_for_c(all.items[i], file)) {
        text_push(&kept, "-x");
        text_push(&kept, "c++");
    }
    for (i++; i < all.count;) {
        const char *word = all.items[i];
        size_t gone = dropped_words(word);
        if (strcmp(word, "--") == 0 || is_file(word, file, directory))
            gone = 1;
        i += gone;
        if (gone > 0)
            continue;
        text_push(&kept, word);
        i++;
        if (takes_value(word) && i < all.count)
            text_push(&kept, all.items[i++]);
    }
    finish(&kept, out);
}
