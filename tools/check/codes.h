/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * CODE(number, level, category, title, cure). NULL: as FA_DIAG_LIST says.
 */
#define CHECK_CODE_LIST(CODE)                                                 \
    CODE(91, ERROR, STATUS, "a file was not analysed",                        \
         "repair its command in compile_commands.json")                       \
    CODE(92, WARNING, STATUS, "a suppression suppresses nothing",             \
         "remove the comment")                                                \
    CODE(93, OFF, STATUS, "a function was not analysed to its end",           \
         "split the function, or raise limits.steps")                         \
    CODE(101, WARNING, USAGE, "the result of an allocation is discarded",     \
         "keep the pointer, or drop the call")                                \
    CODE(102, HINT, USAGE, "a product is passed as size",                     \
         "use the array call, which checks the product")                      \
    CODE(103, WARNING, USAGE, "the size is that of the pointer",              \
         "take the size of what it points to")                                \
    CODE(104, WARNING, USAGE, "a function that was renamed is called",        \
         "use the new name")                                                  \
    CODE(201, ERROR, THREADING,                                               \
         "another thread may use frame memory after its frame",               \
         "join the thread before the frame ends, or send it a pool block")    \
    CODE(202, WARNING, THREADING, "a thread uses the context of another",     \
         "call fa_ctx_current() in the thread")                               \
    CODE(203, OFF, THREADING, "a thread has no budget",                       \
         "set one with fa_budget_set()")                                      \
    CODE(204, HINT, THREADING,                                                \
         "other threads free into a queue without bound",                     \
         "set queue_capacity and queue_full")                                 \
    CODE(205, WARNING, THREADING, "several threads end the frame",            \
         "let one thread end it, behind a barrier")                           \
    CODE(206, WARNING, THREADING, "a transfer is never received",             \
         "receive it, or release it")                                         \
    CODE(301, OFF, BUDGETS, "a frame's allocations have no bound",            \
         "bound the loop, or set a budget")                                   \
    CODE(302, HINT, BUDGETS, "the answer to a budget is ignored",             \
         "look at the status")                                                \
    CODE(303, WARNING, BUDGETS, "the size is above what is configured",       \
         "raise the limit or the reserve, or ask for less")                   \
    CODE(551, WARNING, GPU, NULL, NULL)                                       \
    CODE(552, ERROR, GPU, NULL, NULL)                                         \
    CODE(553, ERROR, GPU, NULL, NULL)                                         \
    CODE(554, ERROR, GPU, NULL, NULL)                                         \
    CODE(555, ERROR, GPU, NULL, NULL)                                         \
    CODE(601, WARNING, DIRTYMEM,                                              \
         "frame memory is still stored where it outlives the frame",          \
         "clear the place before the frame ends, or allocate from a pool")    \
    CODE(602, OFF, DIRTYMEM, "a hot loop allocates",                          \
         "allocate an array before the loop")                                 \
    CODE(603, WARNING, DIRTYMEM,                                              \
         "frame memory is asked for with no frame open",                      \
         "call fa_begin_frame() first")                                       \
    CODE(604, HINT, DIRTYMEM, "a retention policy is never used",             \
         "pass it to fa_frame_retain()")                                      \
    CODE(605, WARNING, DIRTYMEM, "what is discarded is kept",                 \
         "retain it with a policy that keeps it")                             \
    CODE(606, ERROR, DIRTYMEM, "memory of a frame that has ended is used",    \
         "copy what must live longer to a pool or the heap")                  \
    CODE(607, ERROR, DIRTYMEM, "begin and end of a frame do not pair",        \
         "end the frame on every way out")                                    \
    CODE(608, ERROR, DIRTYMEM, "memory is freed by the wrong function",       \
         "free it with what belongs to its allocation")                       \
    CODE(609, ERROR, DIRTYMEM, "memory is used or freed after it was freed",  \
         "free it once, behind the last use")                                 \
    CODE(610, WARNING, DIRTYMEM, "memory is never freed",                     \
         "free it on every way out")                                          \
    CODE(611, WARNING, DIRTYMEM,                                              \
         "memory of a shorter-lived arena is stored in a longer-lived one",   \
         "allocate it from the arena of what holds it")                       \
    CODE(612, ERROR, DIRTYMEM,                                                \
         "a pointer is used after what it points to moved",                   \
         "take the address again after each call that may grow")              \
    CODE(613, WARNING, DIRTYMEM, "an argument that is kept is frame memory",  \
         "copy it to memory that lives as long as its keeper")                \
    CODE(614, HINT, DIRTYMEM, "an object in frame memory has a destructor",   \
         "use trivially destructible types, or fa_frame_defer()")             \
    CODE(620, OFF, DIRTYMEM, "memory is promoted again and again",            \
         "allocate it where it lives")                                        \
    CODE(701, ERROR, ASYNC, "a callback that runs later uses the frame",      \
         "use fa_task memory in it")                                          \
    CODE(702, ERROR, ASYNC, "frame memory is used behind a suspension",       \
         "pin the frame, or copy what is needed")                             \
    CODE(703, ERROR, ASYNC, "frame memory is handed to work that runs later", \
         "use fa_task memory for it")                                         \
    CODE(801, WARNING, ARCHITECTURE, "a block is freed under another tag",    \
         "free it under the tag that it was allocated under")                 \
    CODE(802, HINT, ARCHITECTURE, "a tag is not among those configured",      \
         "add it to the list of tags, or correct its name")                   \
    CODE(803, HINT, ARCHITECTURE, "a module allocates under another's tag",   \
         "push a tag of the module")                                          \
    CODE(804, WARNING, ARCHITECTURE, "push and pop of a tag do not pair",     \
         "pop the tag on every way out")                                      \
    CODE(903, HINT, PHYSICS, "a step's events are never read",                \
         "read them, or turn them off")                                       \
    CODE(904, WARNING, PHYSICS, "a world is asked before its first step",     \
         "step it first")                                                     \
    CODE(912, ERROR, PHYSICS, "an attached space is stepped past its world",  \
         "call fa_physics_step() or fa_physics_advance()")                    \
    CODE(915, ERROR, PHYSICS, "a space is changed in the middle of a step",   \
         "use the deferred commands of fa_physics")
