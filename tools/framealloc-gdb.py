# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""gdb: tells what an address is, and prints frames and contexts.

    (gdb) framealloc EXPRESSION
    (gdb) print frame
    (gdb) print ctx

Everything is read from the records of the library: no function of the program
is called, so core files and processes that crashed inside of the library will
do. The library's debug information is needed.
"""

import gdb

POOL_PAGE = 1 << 16
FRESH_RANGE = 64 << 20
SITES = 4096
ANNEXES = {1: "scratch arena", 2: "scratch of functions", 3: "group"}
BLOCK_HEAP, BLOCK_FRAME = 2, 3


def number_of(pointer):
    return int(pointer.cast(gdb.lookup_type("unsigned long")))


def tag_of_pointer(type_of):
    """Name of the structure that a pointer is to, or None."""
    type_of = type_of.strip_typedefs()
    if type_of.code != gdb.TYPE_CODE_PTR:
        return None
    return type_of.target().strip_typedefs().tag


def chain(item, link="next"):
    """The records of a list."""
    while number_of(item) != 0:
        yield item.dereference()
        item = item[link]


def array(pointer, count):
    return (pointer[i] for i in range(int(count)))


def items(record, type_name):
    """Those of a struct fai_array."""
    type_of = gdb.lookup_type(type_name).pointer()
    return array(record["items"].cast(type_of), record["count"])


def name_of_tag(ctx, tag):
    tags = ctx["allocator"]["tags"]["tag"]
    return tags[int(tag)]["name"].string()


def name_of_ctx(ctx):
    name = ctx["name"].string()
    kind = int(ctx["annex"]["kind"])
    text = ANNEXES.get(kind, f'context {int(ctx["id"])}')
    return text if name in ("", text) else f'{text} "{name}"'


def is_open(ctx):
    return int(ctx["frame"]["word"]) & 1 != 0


def allocators():
    """Those of the process; more than one copy of the library may be."""
    for symbol in gdb.lookup_static_symbols("allocators"):
        value = symbol.value()
        if tag_of_pointer(value.type) == "fa_allocator":
            yield from chain(value)


# --- frames ---


def chunk_of(ctx, address):
    """Arena, chunk and its index, if the address is in an arena."""
    for arena in array(ctx["arenas"], ctx["arena_count"]):
        for i in range(int(arena["chunk_count"])):
            chunk = arena["chunk"][i]
            offset = address - number_of(chunk["base"])
            if 0 <= offset < int(chunk["reserved"]):
                return arena, chunk, i
    return None


def site_of(ctx, address):
    """What guard modes remember of the allocation that has the address."""
    guard = ctx["guarding"]
    sites = guard["sites"]
    if number_of(sites) == 0:
        return None
    last = int(guard["site_count"])
    for i in range(last - 1, max(last - SITES, 0) - 1, -1):
        site = sites[i % SITES]
        if 0 <= address - number_of(site["address"]) < int(site["size"]):
            return site
    return None


def tag_of_position(ctx, position):
    """By the sections of the open frame."""
    frame = ctx["frame"]
    for section in items(frame["sections"], "struct fai_section"):
        if int(section["begin"]) <= position < int(section["end"]):
            return int(section["tag"])
    return int(ctx["tag"]) if position >= int(frame["section"]) else None


def is_released(frame, address):
    holes = array(frame["holes"], frame["hole_count"])
    return any(
        number_of(hole["begin"]) <= address < number_of(hole["end"])
        for hole in holes
    )


def find_in_arenas(ctx, address):
    found = chunk_of(ctx, address)
    if found is None:
        return None
    arena, chunk, index = found
    frame = ctx["frame"]
    is_newest = frame["arena"] == arena.address
    is_current = is_newest and is_open(ctx)
    number = int(frame["word"]) >> 1 if is_newest else int(arena["number"])
    cursor = frame["public"]["cursor"] if is_current else arena["cursor"]
    current = int(arena["current"])
    is_alive = (is_current or bool(arena["is_live"])) and (
        index < current or (index == current and address < number_of(cursor))
    )
    if is_current and is_released(frame, address):
        is_alive = False
    tag = None
    site = site_of(ctx, address)
    if site is not None and int(site["number"]) == number:
        tag = int(site["tag"])
    elif is_alive and is_current and index == current:
        position = int(arena["prior"]) + address - number_of(chunk["base"])
        tag = tag_of_position(ctx, position)
    return describe("arena", ctx, number, tag, is_alive)


def is_in_live_segment(guard, address):
    return any(
        number_of(segment["begin"]) <= address < number_of(segment["end"])
        for segment in items(guard["fresh_live"], "struct fai_fresh")
    )


def find_in_guarded(ctx, address):
    """Guard level 3: addresses that are not used twice."""
    guard = ctx["guarding"]
    ranges = guard["ranges"]
    type_of = gdb.lookup_type("char").pointer().pointer()
    begins = array(ranges["items"].cast(type_of), ranges["count"])
    if not any(0 <= address - number_of(b) < FRESH_RANGE for b in begins):
        return None
    site = site_of(ctx, address)
    is_live = is_in_live_segment(guard, address)
    if site is None:
        is_live = is_live and int(guard["site_count"]) > SITES
        return describe("guarded memory", ctx, None, None, is_live)
    number, tag = int(site["number"]), int(site["tag"])
    return describe("guarded block", ctx, number, tag, is_live)


# --- pools and blocks ---


def region_of_page(allocator, address):
    for region in chain(allocator["pages"]["oldest"]):
        pages = region["page"].type.range()[1] + 1
        if 0 <= address - number_of(region["base"]) < pages * POOL_PAGE:
            return region
    return None


def is_in(slots, end, block):
    """Among the pointers of a magazine."""
    while number_of(slots) < number_of(end):
        if number_of(slots.dereference()) == block:
            return True
        slots += 1
    return False


def is_idle(page, index, block):
    """In the page, the magazine or the quarantine of its pool."""
    if int(page["free"][index // 64]) >> (index % 64) & 1:
        return True
    pool = page["pool"]
    public = pool["public"]
    ring = pool["quarantine"]["ring"]
    if is_in(public["base"], public["top"], block):
        return True
    if number_of(ring) == 0:
        return False
    live = int(page["live"][index // 64]) >> (index % 64) & 1
    return live == 0


def find_in_pools(allocator, address):
    region = region_of_page(allocator, address)
    if region is None:
        return None
    page = region["page"][(address - number_of(region["base"])) // POOL_PAGE]
    pool = page["pool"]
    if number_of(pool) == 0:
        return "pool page that no pool has"
    base, stride = number_of(page["base"]), int(page["block_size"])
    index = (address - base) // stride
    if index >= int(page["count"]):
        return "end of a pool page, which no object has"
    block = base + index * stride
    what = f"object of {int(pool['public']['block_size'])} bytes at {block:#x}"
    is_alive = not is_idle(page, index, block)
    return describe(what, pool["ctx"], None, pool["tag"], is_alive)


def find_in_blocks(allocator, address):
    registry = allocator["registry"]
    if number_of(registry["slots"]) == 0:
        return None
    type_of = gdb.lookup_type("struct fai_block").pointer()
    for slot in array(registry["slots"], registry["mask"] + 1):
        if number_of(slot["value"]) == 0:
            continue
        block = slot["value"].cast(type_of).dereference()
        begin = number_of(block["address"])
        if not 0 <= address - begin < int(block["capacity"]):
            continue
        state = int(block["state"])
        kind = "frame block" if state == BLOCK_FRAME else "heap block"
        what = f"{kind} of {int(block['size'])} bytes at {begin:#x}"
        is_alive = state in (BLOCK_HEAP, BLOCK_FRAME)
        return describe(what, block["owner"], None, block["tag"], is_alive)
    return None


# --- the command ---


def describe(what, ctx, number, tag, is_alive):
    parts = [f"{what} of {name_of_ctx(ctx)}"]
    if number is not None:
        parts.append(f"frame {number}")
    if tag is not None:
        parts.append(f'tag "{name_of_tag(ctx, tag)}"')
    parts.append("alive" if is_alive else "dead")
    return ", ".join(parts)


def find(address):
    for allocator in allocators():
        found = find_in_pools(allocator, address)
        found = found or find_in_blocks(allocator, address)
        if found:
            return found
        for ctx in chain(allocator["ctxs"]):
            found = find_in_arenas(ctx, address)
            found = found or find_in_guarded(ctx, address)
            if found:
                return found
    return "not memory of framealloc"


class Find(gdb.Command):
    """Tell whose memory an address is: framealloc EXPRESSION.

    Says arena, frame number, tag, and whether the memory is alive. An object
    that another thread has freed is alive until its owner takes it in."""

    def __init__(self):
        kind, completer = gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION
        super().__init__("framealloc", kind, completer)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("framealloc EXPRESSION: of which address?")
        try:
            gdb.lookup_type("struct fai_arena")
        except gdb.error as error:
            raise gdb.GdbError(
                "no debug information of libframealloc is loaded"
            ) from error
        value = gdb.parse_and_eval(argument)
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            value = value.address
        address = number_of(value)
        print(f"{address:#x}: {find(address)}")


# --- printers ---


def frame_text(ctx):
    frame = ctx["frame"]
    number = int(frame["word"]) >> 1
    if not is_open(ctx):
        return f"frame {number}, ended"
    arena = frame["arena"].dereference()
    chunk = arena["chunk"][int(arena["current"])]
    used = number_of(frame["public"]["cursor"]) - number_of(chunk["base"])
    used += int(arena["prior"]) + int(frame["block_bytes"])
    return f"frame {number}, open, {used} bytes used"


def ctx_of_frame(frame):
    """fa_frame is the begin of the frame of a context."""
    type_of = gdb.lookup_type("struct fa_ctx")
    offset = next(f.bitpos for f in type_of.fields() if f.name == "frame") // 8
    ctx = gdb.Value(number_of(frame) - offset)
    return ctx.cast(type_of.pointer()).dereference()


def text_of_frame(frame):
    ctx = ctx_of_frame(frame)
    return f"{frame_text(ctx)}, of {name_of_ctx(ctx)}"


def text_of_ctx(pointer):
    type_of = gdb.lookup_type("struct fa_ctx").pointer()
    ctx = pointer.cast(type_of).dereference()
    tag = name_of_tag(ctx, ctx["tag"])
    return f'{name_of_ctx(ctx)}, tag "{tag}", {frame_text(ctx)}'


class Printer:
    """Of a pointer: the address, and what is there if it can be read."""

    TEXTS = {"fa_frame": text_of_frame, "fa_ctx": text_of_ctx}

    def __init__(self, value, text):
        self.value = value
        self.text = text

    def to_string(self):
        address = f"{number_of(self.value):#x}"
        try:
            return f"{address}: {self.text(self.value)}"
        except (gdb.error, UnicodeDecodeError):
            return address


def printer_of(value):
    """Pointers only: what they point to is shown as usual."""
    text = Printer.TEXTS.get(tag_of_pointer(value.type))
    return None if text is None else Printer(value, text)


Find()
printer_of.name = "framealloc"
gdb.pretty_printers.append(printer_of)
