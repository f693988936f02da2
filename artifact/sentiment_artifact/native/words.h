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
    size_t i = 0;
    do {
        hash = (hash ^ load(at + i, 8)) * multiplier;
        hash ^= hash >> 29;
        i += 8;
    } while (i + 8 < length);
    hash = (hash ^ load(at + length - 8, 8)) * multiplier;
    return (hash ^ hash >> 29) | 1ull << 63;
}

/* ---- The table of words ------------------------------------------------------------------------------------------------ */

#define IN_ROW 4 /* slots that are looked at together: one line of the cache */

/* Where a slot stands names its word. 0 is the key of an empty slot. In each row, empty slots come last. */
typedef struct {
    uint64_t key;
    int32_t column;    /* -1 for a word that is no term itself */
    uint32_t spelling; /* of a word of eight or more bytes: where its length and bytes stand */
} Slot;

_Static_assert(IN_ROW * sizeof(Slot) == LINE_OF_CACHE, "a row is a line of the cache");

typedef struct {
    Slot *slots;
    void *memory;
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

/* The first slot of the row where a key should stand. */
static uint64_t home(const Table *table, uint64_t key, uint64_t multiplier) {
    return share_of_places(key, table->size / IN_ROW, multiplier) * IN_ROW;
}

static uint64_t wrapped(const Table *table, uint64_t slot) { return slot < table->size ? slot : 0; }

static int same_bytes(const uint8_t *one, const uint8_t *other, size_t length) {
    for (size_t i = 0; i + 8 < length; i += 8)
        if (load(one + i, 8) != load(other + i, 8)) return 0;
    return load(one + length - 8, 8) == load(other + length - 8, 8);
}

/* Of a slot whose key is the word's. */
static int same_spelling(const Index *index, uint64_t slot, const uint8_t *at, size_t length) {
    if (length < 8) return 1;
    const uint8_t *spelling = index->spellings + index->words.slots[slot].spelling;
    return load(spelling, 4) == length && same_bytes(spelling + 4, at, length);
}

/* The slot of a word; NOWHERE where it has none. */
static uint32_t find(const Index *index, uint64_t key, const uint8_t *at, size_t length) {
    const Table *table = &index->words;
    for (uint64_t i = home(table, key, index->multiplier); table->slots[i].key != 0; i = wrapped(table, i + 1))
        if (table->slots[i].key == key && same_spelling(index, i, at, length)) return (uint32_t)i;
    return NOWHERE;
}

/* As above for a word that may have to be told from another one with its key: that is left open. Without a branch that could go
 * either way, as none could be foretold. */
static uint32_t find_key(const Index *index, uint64_t key) {
    const Table *table = &index->words;
    for (uint64_t row = home(table, key, index->multiplier);; row = wrapped(table, row + IN_ROW)) {
        const Slot *slots = &table->slots[row];
        uint32_t slot = NOWHERE;
        for (uint32_t i = IN_ROW; i-- > 0;) slot = slots[i].key == key ? (uint32_t)row + i : slot;
        if (__builtin_expect(slot != NOWHERE || slots[IN_ROW - 1].key == 0, 1)) return slot;
    }
}

/* With room for so many words, half of it empty: then hardly any row is full. */
static int make_table(Table *table, uint64_t words) {
    free(table->memory);
    table->size = (words / 2 + 1) * IN_ROW;
    table->used = 0;
    table->most = words;
    table->memory = table->size < NOWHERE ? calloc(table->size + IN_ROW, sizeof(Slot)) : NULL;
    table->slots = line_of_cache_in(table->memory);
    return table->memory != NULL;
}

/* Whether only a larger table has room for another word. */
static int is_full(const Table *table) { return table->used == table->most; }

/* Keeps the bytes of a long word; 0 when there is no memory. */
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

/* The first slot that is empty, for a new key. */
static uint64_t empty_slot(const Table *table, uint64_t key, uint64_t multiplier) {
    uint64_t i = home(table, key, multiplier);
    while (table->slots[i].key != 0) i = wrapped(table, i + 1);
    return i;
}

/* The slot for a word, taken if it was empty; NOWHERE when the table is full, or else there is no memory. */
static uint32_t put(Index *index, uint64_t key, const uint8_t *at, size_t length) {
    uint32_t found = find(index, key, at, length);
    if (found != NOWHERE || is_full(&index->words)) return found;
    found = (uint32_t)empty_slot(&index->words, key, index->multiplier);
    Slot *slot = &index->words.slots[found];
    if (length >= 8 && !spell(index, slot, at, length)) return NOWHERE;
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

typedef uint8_t Sixteen __attribute__((vector_size(16))); /* bytes; what a comparison gives is 255 or 0 for each */

static Sixteen between(Sixteen bytes, uint8_t first, uint8_t last) {
    return (Sixteen)(bytes - first <= (uint8_t)(last - first));
}

/* The highest bit of each byte. */
static uint64_t highest_bits(Sixteen bytes) {
#ifdef __SSE2__
    typedef char Chars __attribute__((vector_size(16)));
    return (uint64_t)__builtin_ia32_pmovmskb128((Chars)bytes);
#else
    uint64_t eight[2], bits = 0;
    memcpy(eight, &bytes, sizeof eight);
    for (int i = 0; i < 2; i++) bits |= ((eight[i] >> 7 & 0x0101010101010101ull) * 0x0102040810204080ull >> 56) << 8 * i;
    return bits;
#endif
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
    uint64_t bits = 0;
    Sixteen any = {0};
    for (size_t i = 0; i < BLOCK; i += sizeof any) {
        Sixteen bytes;
        memcpy(&bytes, at + i, sizeof bytes);
        bytes += between(bytes, 'A', 'Z') & ('a' - 'A');
        memcpy(at + i, &bytes, sizeof bytes);
        any |= bytes;
        bits |= highest_bits(between(bytes, 'a', 'z') | between(bytes, '0', '9') | between(bytes, '_', '_')) << i;
    }
    return highest_bits(any) ? other_words(index, at, end, over) : bits;
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

/* For each value of a digit, how many of the columns have a smaller one. */
static void count_digits(const int32_t *columns, size_t count, int shift, uint32_t values, uint32_t *places) {
    memset(places, 0, values * sizeof *places);
    for (size_t i = 0; i < count; i++) places[(uint32_t)columns[i] >> shift & (values - 1)]++;
    for (uint32_t digit = 0, sum = 0; digit < values; digit++) {
        uint32_t own = places[digit];
        places[digit] = sum;
        sum += own;
    }
}

/* Ascending, digit by digit from the lowest; `columns` and `spare` change places each time. Whichever of them holds the result. The
 * digits are as long as each other: one that had few values would make the processor wait for the count that it has just written. */
static int32_t *sorted(int32_t *columns, int32_t *spare, size_t count) {
    uint32_t all = 1;
    for (size_t i = 0; i < count; i++) all |= (uint32_t)columns[i];
    int bits = 32 - __builtin_clz(all), digits = (bits + 7) / 8, length = (bits + digits - 1) / digits;
    uint32_t values = 1u << length, places[256];
    for (int shift = 0; shift < bits; shift += length) {
        count_digits(columns, count, shift, values, places);
        for (size_t i = 0; i < count; i++) spare[places[(uint32_t)columns[i] >> shift & (values - 1)]++] = columns[i];
        int32_t *ascending = spare;
        spare = columns;
        columns = ascending;
    }
    return columns;
}

#endif
