/* What the scorer and the counter of a training share, so that both cut every text alike: characters, words, the table that finds a
 * word again, and sorting. Neither knows here what words are looked up for.
 *
 * What is pointed at by arguments is trusted to have the length that comes with it. What it holds is not: bytes that are
 * no UTF-8 lead to other words, never beyond an array.
 *
 * It is compiled without a C library and its headers, which a machine may lack: the few functions of one that are used, the
 * interpreter has loaded.
 */
#ifndef SENTIMENT_WORDS_H
#define SENTIMENT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "runs.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the keys of short words are made for little-endian machines"
#endif
#ifdef __FAST_MATH__
#error "sums in another order are other sums"
#endif

void *malloc(size_t);
void *realloc(void *, size_t);
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);

#define API __attribute__((visibility("default")))
#define LONGEST_NGRAM 3

/* ---- Words ------------------------------------------------------------------------------------------------------- */

/* One bit for each code point, made by Python's own `\w`: no table of ours could disagree with the interpreter. */
static int is_word(const uint8_t *word_bits, uint32_t point) { return word_bits[point >> 3] >> (point & 7) & 1; }

/* The character at `at` and how many bytes it takes. What is no UTF-8 counts as code point 0, which is no word. */
static size_t decode(const uint8_t *at, const uint8_t *end, uint32_t *point) {
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xC0 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF8 ? 4 : 0;
    *point = 0;
    if (length == 0 || length > (size_t)(end - at)) return 1;
    uint32_t value = length == 1 ? at[0] : at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 1;
        value = value << 6 | (at[i] & 0x3F);
    }
    if (value < 0x110000) *point = value;
    return length;
}

static uint64_t load(const uint8_t *at, size_t length) {
    uint64_t value = 0;
    memcpy(&value, at, length);
    return value;
}

/* A word of up to seven bytes is its own key: no word holds a zero byte. A longer one has a hash with the top bit set. */
static uint64_t key_of(const uint8_t *at, size_t length, const uint8_t *end, uint64_t multiplier) {
    if (length < 8) {
        if (end - at >= 8) return load(at, 8) & (UINT64_MAX >> (64 - 8 * length));
        return load(at, length);
    }
    uint64_t hash = length * multiplier;
    for (size_t i = 0; i + 8 < length; i += 8) {
        hash = (hash ^ load(at + i, 8)) * multiplier;
        hash ^= hash >> 29;
    }
    hash = (hash ^ load(at + length - 8, 8)) * multiplier;
    return (hash ^ hash >> 29) | 1ull << 63;
}

/* ---- The table of words ------------------------------------------------------------------------------------------------ */

/* Where a slot stands names its word. 0 is the key of an empty slot. */
typedef struct {
    uint64_t key;
    int32_t column;    /* -1 for a word that is no term itself */
    uint32_t spelling; /* of a word of eight or more bytes: where its length and bytes stand */
} Slot;

typedef struct {
    Slot *slots;
    uint64_t size, used, most;
} Table;

typedef struct {
    Table words;
    RunTable runs[LONGEST_NGRAM - 1]; /* of two words, then of three */
    uint8_t *spellings;
    size_t spelt, room;
    const uint8_t *word_bits;
    uint64_t multiplier;
    int ngram_max;
    size_t shortest; /* characters that make a word */
} Index;

static uint64_t home(const Table *table, uint64_t key, uint64_t multiplier) {
    return share_of_places(key, table->size, multiplier);
}

static int same_spelling(const Index *index, const Slot *slot, const uint8_t *at, size_t length) {
    if (length < 8) return 1;
    const uint8_t *spelling = index->spellings + slot->spelling;
    return load(spelling, 4) == length && memcmp(spelling + 4, at, length) == 0;
}

/* The slot of a word, or the empty one where it would go. */
static uint32_t find(const Index *index, uint64_t key, const uint8_t *at, size_t length) {
    const Table *table = &index->words;
    for (uint64_t i = home(table, key, index->multiplier);; i = i + 1 < table->size ? i + 1 : 0) {
        const Slot *slot = &table->slots[i];
        if (slot->key == 0 || (slot->key == key && same_spelling(index, slot, at, length))) return (uint32_t)i;
    }
}

/* With room for so many words, a third of it empty: then few slots are looked at for one word. */
static int make_table(Table *table, uint64_t words) {
    free(table->slots);
    table->size = words + words / 2 + 1;
    table->used = 0;
    table->most = words;
    table->slots = table->size < NOWHERE ? calloc(table->size, sizeof(Slot)) : NULL;
    return table->slots != NULL;
}

static int spell(Index *index, Slot *slot, const uint8_t *at, size_t length) {
    size_t needed = index->spelt + 4 + length;
    if (length > INT32_MAX || needed > UINT32_MAX) return 0;
    if (needed > index->room) {
        uint8_t *more = realloc(index->spellings, needed * 2);
        if (more == NULL) return 0;
        index->spellings = more;
        index->room = needed * 2;
    }
    slot->spelling = (uint32_t)index->spelt;
    uint32_t bytes = (uint32_t)length;
    memcpy(index->spellings + index->spelt, &bytes, 4);
    memcpy(index->spellings + index->spelt + 4, at, length);
    index->spelt = needed;
    return 1;
}

/* The slot for a word, taken if it was empty; NOWHERE when there is no room for it. */
static uint32_t put(Index *index, uint64_t key, const uint8_t *at, size_t length) {
    uint32_t found = find(index, key, at, length);
    Slot *slot = &index->words.slots[found];
    if (slot->key != 0) return found;
    if (index->words.used == index->words.most || (length >= 8 && !spell(index, slot, at, length))) return NOWHERE;
    slot->key = key;
    slot->column = -1;
    index->words.used++;
    return found;
}

/* ---- From a text to words --------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t key;
    const uint8_t *at;
    size_t length;
} Found;

#define BLOCK 64
#define EACH(byte) (0x0101010101010101ull * (byte))

/* Of eight ASCII characters, the highest bit of those that are `least` or more; the other bits are anything. */
static uint64_t from(uint64_t eight, uint8_t least) { return eight + EACH((uint64_t)(0x80 - least)); }

/* Eight bytes with the letters from A to Z in lower case. */
static uint64_t lowered(uint64_t eight) {
    uint64_t seven_bits = eight & EACH(0x7F);
    uint64_t capitals = from(seven_bits, 'A') & ~from(seven_bits, 'Z' + 1) & ~eight & EACH(0x80);
    return eight | capitals >> 2;
}

/* One bit for each of eight ASCII characters, none of them a capital: whether it makes words. */
static uint64_t ascii_words(uint64_t eight) {
    uint64_t letters = from(eight, 'a') & ~from(eight, 'z' + 1), digits = from(eight, '0') & ~from(eight, '9' + 1);
    uint64_t not_underscore = from(eight ^ EACH('_'), 1);
    return ((letters | digits | ~not_underscore) >> 7 & EACH(1)) * 0x0102040810204080ull >> 56;
}

/* One bit for each byte of a block that has other characters than ASCII: whether it belongs to a word character. A character may
 * reach into the next block: `*over` takes along how many of its bytes do. */
static uint64_t other_words(const Index *index, const uint8_t *at, const uint8_t *end, size_t *over) {
    size_t i = *over & 7, count = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
    uint64_t bits = *over & 8 ? (1ull << i) - 1 : 0;
    *over = 0;
    while (i < count) {
        uint32_t point;
        size_t length = decode(at + i, end, &point);
        size_t here = length < count - i ? length : count - i;
        uint64_t word = (uint64_t)is_word(index->word_bits, point);
        bits |= word * ((1ull << here) - 1) << i;
        i += length;
        if (i > count) *over = (i - count) | (word ? 8 : 0);
    }
    return bits;
}

/* As above for any block, of which capitals of ASCII become small. What is behind the end has to be zeros. */
static uint64_t word_bytes(const Index *index, uint8_t *at, const uint8_t *end, size_t *over) {
    uint64_t bits = 0, any = 0;
    for (size_t i = 0; i < BLOCK; i += 8) {
        uint64_t eight = lowered(load(at + i, 8));
        memcpy(at + i, &eight, 8);
        any |= eight;
        bits |= ascii_words(eight) << i;
    }
    return any & EACH(0x80) ? other_words(index, at, end, over) : bits;
}

/* A run of word characters is a word, but a single character only where that is enough. How many words there are now. */
static size_t take_word(const Index *index, Found *words, size_t found, const uint8_t *at, const uint8_t *stop, const uint8_t *end) {
    size_t length = (size_t)(stop - at);
    size_t first = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (index->shortest > 1 && length <= first) return found;
    uint64_t key = key_of(at, length, end, index->multiplier);
    __builtin_prefetch(&index->words.slots[home(&index->words, key, index->multiplier)]);
    words[found] = (Found){key, at, length};
    return found + 1;
}

/* The most words that a text of so many bytes can have, with a gap behind each. */
static size_t most_words(const Index *index, size_t size) { return size / (index->shortest + 1) + 2; }

/* How much room `cut` needs for its copy of a text. */
static size_t copy_size(size_t size) { return size + BLOCK + 8; }

/* The bits without those of single characters of one byte, which are no words. The last one may go on in the next block. */
static uint64_t without_single(uint64_t bits, uint64_t before) {
    return bits & (bits << 1 | before | bits >> 1 | 1ull << 63);
}

/* The words of a text, and how many there are; they stand in `copy`, with capitals of ASCII made small. Where the bits change, words
 * begin and end. */
static size_t cut(const Index *index, Found *words, uint8_t *copy, const uint8_t *text, size_t size) {
    const uint8_t *end = copy + size, *behind = copy + copy_size(size), *start = copy;
    size_t over = 0, found = 0;
    uint64_t before = 0;
    memcpy(copy, text, size);
    memset(copy + size, 0, copy_size(size) - size);
    for (uint8_t *block = copy; block < end; block += BLOCK) {
        uint64_t bits = word_bytes(index, block, end, &over);
        if (index->shortest > 1) bits = without_single(bits, before);
        uint64_t former = bits << 1 | before, begins = bits & ~former, ends = former & ~bits;
        if (before && ends) {
            found = take_word(index, words, found, start, block + __builtin_ctzll(ends), behind);
            ends &= ends - 1;
        }
        for (; ends; ends &= ends - 1, begins &= begins - 1)
            found = take_word(index, words, found, block + __builtin_ctzll(begins), block + __builtin_ctzll(ends), behind);
        if (begins) start = block + __builtin_ctzll(begins);
        before = bits >> 63;
    }
    return before ? take_word(index, words, found, start, end, behind) : found;
}

/* ---- Sorting ---------------------------------------------------------------------------------------------------------- */

/* Ascending, byte by byte from the lowest; `columns` and `spare` change places each time. Whichever of them holds the result. */
static int32_t *sorted(int32_t *columns, int32_t *spare, size_t count) {
    uint32_t all = 0;
    for (size_t i = 0; i < count; i++) all |= (uint32_t)columns[i];
    for (int shift = 0; shift < 32 && all >> shift; shift += 8) {
        size_t place[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++) place[(uint32_t)columns[i] >> shift & 255]++;
        for (int digit = 0; digit < 256; digit++) {
            size_t own = place[digit];
            place[digit] = sum;
            sum += own;
        }
        for (size_t i = 0; i < count; i++) spare[place[(uint32_t)columns[i] >> shift & 255]++] = columns[i];
        int32_t *ascending = spare;
        spare = columns;
        columns = ascending;
    }
    return columns;
}

#endif
