/* Scores texts with a compiled model: the operations of reference.py, in the same order, so that every bit is the same.
 *
 * Python stays in charge: it reads and checks the file, lowers the texts, says which characters make words, and calls
 * this through ctypes, which lets go of the interpreter lock meanwhile. Nothing here is kept between two calls but the
 * index, which is never changed, so any number of threads may use it.
 *
 * What is pointed at by arguments is trusted to have the length that comes with it. What it holds is not: bytes that are
 * no UTF-8, terms that no text can have, counts beyond a table lead to other answers, never beyond an array.
 *
 * It is compiled without a C library and its headers, which a machine may lack: the few functions of one that are used, the
 * interpreter has loaded.
 */
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the keys of short words are made for little-endian machines"
#endif
#ifdef __FAST_MATH__
#error "sums in another order are other sums"
#endif

void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void free(void *);
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
void *memcpy(void *, const void *, size_t);

#define API __attribute__((visibility("default")))
#define LONGEST_NGRAM 3
#define NOWHERE UINT32_MAX
#define AHEAD 12 /* slots asked for before they are needed: about the time that memory takes to answer */

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

/* Whether all of these bytes are one word: so many word characters or more. */
static int is_whole_word(const uint8_t *word_bits, size_t shortest, const uint8_t *at, const uint8_t *end) {
    size_t characters = 0;
    for (uint32_t point; at < end; characters++) {
        at += decode(at, end, &point);
        if (!is_word(word_bits, point)) return 0;
    }
    return characters >= shortest;
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

/* ---- The index: words, then runs of two words, then of three ------------------------------------------------------- */

/* Where a slot stands names the run of words it is for. The key is a word's key, or the slot of a shorter run and the slot
 * of the word behind it. 0 is an empty slot. `column` is -1 for a run that only begins terms. */
typedef struct {
    uint64_t key;
    int32_t column;
    uint32_t spelling; /* of a word of eight or more bytes: where its length and bytes stand */
} Slot;

typedef struct {
    Slot *slots;
    uint64_t size, used, most;
} Table;

typedef struct {
    Table tables[LONGEST_NGRAM];
    uint8_t *spellings;
    size_t spelt, room;
    const uint8_t *word_bits;
    uint64_t multiplier;
    int ngram_max;
    size_t shortest; /* characters that make a word */
} Index;

/* Where a key should stand. Multiplying by a number that no file can know spreads keys that were chosen to collide; then the
 * product is taken as a share of the table's size. */
static uint64_t home(const Table *table, uint64_t key, uint64_t multiplier) {
    return (uint64_t)((unsigned __int128)(key * multiplier) * table->size >> 64);
}

static int same_spelling(const Index *index, const Slot *slot, const uint8_t *at, size_t length) {
    if (length < 8) return 1;
    const uint8_t *spelling = index->spellings + slot->spelling;
    return load(spelling, 4) == length && memcmp(spelling + 4, at, length) == 0;
}

/* The slot that has the key, or the empty one where it would go. `at`: the bytes of a word, of no use for longer runs. */
static uint32_t find(const Index *index, int level, uint64_t key, const uint8_t *at, size_t length) {
    const Table *table = &index->tables[level];
    for (uint64_t i = home(table, key, index->multiplier);; i = i + 1 < table->size ? i + 1 : 0) {
        const Slot *slot = &table->slots[i];
        if (slot->key == 0 || (slot->key == key && same_spelling(index, slot, at, length))) return (uint32_t)i;
    }
}

static uint64_t run_key(uint32_t run, uint32_t word) { return ((uint64_t)run + 1) << 32 | word; }

/* With room for so many runs, a third of it empty: then few slots are looked at for one run. */
static int make_table(Table *table, uint64_t runs) {
    free(table->slots);
    table->size = runs + runs / 2 + 1;
    table->used = 0;
    table->most = runs;
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

/* The slot for the key, taken if it was empty; NOWHERE when there is no room for it. */
static uint32_t put(Index *index, int level, uint64_t key, const uint8_t *at, size_t length) {
    uint32_t found = find(index, level, key, at, length);
    Slot *slot = &index->tables[level].slots[found];
    if (slot->key != 0) return found;
    if (index->tables[level].used == index->tables[level].most || (length >= 8 && !spell(index, slot, at, length))) return NOWHERE;
    slot->key = key;
    slot->column = -1;
    index->tables[level].used++;
    return found;
}

static size_t lines_of(const uint8_t *pool, size_t size) {
    const uint8_t *end = pool + size, *line = pool;
    size_t lines = 1;
    for (; (line = memchr(line, '\n', (size_t)(end - line))); line++) lines++;
    return lines;
}

/* Of how many words a term is made; 0 unless some text could have it: such a term is never found, so it needs no slot. */
static uint8_t count_words(const Index *index, const uint8_t *at, const uint8_t *end) {
    for (uint8_t count = 1; count <= index->ngram_max; count++) {
        const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
        if (!is_whole_word(index->word_bits, index->shortest, at, space ? space : end)) return 0;
        if (!space) return count;
        at = space + 1;
    }
    return 0;
}

typedef struct {
    const uint8_t *at;
    size_t length;
} Word;

static void words_of_term(const uint8_t *at, const uint8_t *end, int count, Word *words) {
    for (int i = 0; i < count; i++) {
        const uint8_t *stop = i + 1 < count ? memchr(at, ' ', (size_t)(end - at)) : end;
        words[i] = (Word){at, (size_t)(stop - at)};
        at = stop + (stop < end);
    }
}

/* The slot of the first `level` + 1 words of a term, taken if need be; NOWHERE when there is no room for it. Runs of fewer words,
 * and all words for a longer run, have to be there. */
static uint32_t put_run(Index *index, int level, const Word *words, const uint8_t *end) {
    uint32_t run = NOWHERE;
    for (int i = 0; i <= level; i++) {
        const Word *word = &words[i];
        uint64_t key = key_of(word->at, word->length, end, index->multiplier);
        if (level == 0) return put(index, 0, key, word->at, word->length);
        uint32_t slot = find(index, 0, key, word->at, word->length);
        if (i == 0) run = slot;
        else if (i < level) run = find(index, i, run_key(run, slot), NULL, 0);
        else run = put(index, i, run_key(run, slot), NULL, 0);
    }
    return run;
}

/* Puts into a table what all terms need there: at level 0 each of their words, so that longer runs can name it. 0 when the table
 * is full. */
static int fill(Index *index, int level, const uint8_t *pool, size_t size, const uint8_t *counts) {
    const uint8_t *end = pool + size;
    int32_t column = 0;
    for (const uint8_t *at = pool;; column++) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        int count = counts[column];
        if (count > level) {
            Word words[LONGEST_NGRAM];
            words_of_term(at, line ? line : end, count, words);
            for (int i = 1; level == 0 && i < count; i++)
                if (put_run(index, 0, &words[i], end) == NOWHERE) return 0;
            uint32_t run = put_run(index, level, words, end);
            if (run == NOWHERE) return 0;
            if (count == level + 1) index->tables[level].slots[run].column = column;
        }
        if (!line) return 1;
        at = line + 1;
    }
}

/* Words per term, and how many terms have more than 0, 1, 2 of them. */
static void count_terms(const Index *index, const uint8_t *pool, size_t size, uint8_t *counts, uint64_t *longer) {
    const uint8_t *end = pool + size;
    for (const uint8_t *at = pool;; counts++) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        *counts = count_words(index, at, line ? line : end);
        for (int level = 0; level < *counts; level++) longer[level]++;
        if (!line) return;
        at = line + 1;
    }
}

/* Each term takes one slot at most for its first two words and one for three. Words that are no terms themselves may be more than
 * expected: then their table is made anew, which is why longer runs, that name its slots, come later. */
static int fill_all(Index *index, const uint8_t *pool, size_t size, uint8_t *counts) {
    uint64_t longer[LONGEST_NGRAM + 1] = {0};
    count_terms(index, pool, size, counts, longer);
    for (int level = 0; level < index->ngram_max; level++) {
        uint64_t runs = level == 0 ? longer[0] - longer[1] + 16 : longer[level];
        do {
            if (level == 0) index->spelt = 0;
            if (!make_table(&index->tables[level], runs)) return 0;
            runs *= 2;
        } while (!fill(index, level, pool, size, counts));
    }
    return 1;
}

API void index_free(Index *index) {
    if (index == NULL) return;
    for (int level = 0; level < LONGEST_NGRAM; level++) free(index->tables[level].slots);
    free(index->spellings);
    free(index);
}

/* An index of the terms, which stand one to a line in `pool`; column 0 is the first line's. A word has `shortest` characters
 * or more, 1 or 2. `word_bits`, 0x110000 bits, has to outlive it. NULL when there is no memory. */
API Index *index_new(const uint8_t *pool, size_t size, int ngram_max, int shortest, const uint8_t *word_bits, uint64_t multiplier) {
    Index *index = calloc(1, sizeof(Index));
    uint8_t *counts = malloc(lines_of(pool, size));
    if (index != NULL) {
        index->word_bits = word_bits;
        index->multiplier = multiplier | 1;
        index->shortest = shortest == 1 ? 1 : 2;
        index->ngram_max = ngram_max < 1 ? 1 : ngram_max > LONGEST_NGRAM ? LONGEST_NGRAM : ngram_max;
    }
    if (index == NULL || counts == NULL || !fill_all(index, pool, size, counts)) {
        index_free(index);
        index = NULL;
    }
    free(counts);
    return index;
}

/* How many terms the pool holds; -1 unless each stands behind the one before in the order of its bytes, which is that of
 * code points, and so none stands twice. */
API int64_t terms_in_order(const uint8_t *pool, size_t size) {
    const uint8_t *end = pool + size, *former = NULL;
    size_t former_length = 0;
    int64_t terms = 0;
    for (const uint8_t *at = pool;; terms++) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line ? line : end) - at);
        int order = former ? memcmp(former, at, former_length < length ? former_length : length) : -1;
        if (order > 0 || (order == 0 && former_length >= length)) return -1;
        if (!line) return terms + 1;
        former = at;
        former_length = length;
        at = line + 1;
    }
}

/* ---- From a text to counted columns -------------------------------------------------------------------------------- */

typedef struct {
    uint64_t key;
    const uint8_t *at;
    size_t length;
} Found;
_Static_assert(sizeof(Found) >= LONGEST_NGRAM * sizeof(double), "the words' memory later holds the values of their runs");

/* All that one text needs, in one piece of memory: room for as many words as there can be with a gap behind each. */
typedef struct {
    Found *words;
    uint32_t *runs, *word_slots;
    int32_t *columns, *spare;
    int64_t *counts;
    size_t found;
} Scratch;

static int scratch_for(Scratch *scratch, const Index *index, size_t size) {
    size_t words = size / (index->shortest + 1) + 2, columns = words * (size_t)index->ngram_max;
    uint8_t *memory = malloc(words * (sizeof(Found) + 2 * sizeof(uint32_t)) + columns * (8 + 2 * sizeof(int32_t)));
    if (memory == NULL) return 0;
    scratch->words = (Found *)memory;
    scratch->counts = (int64_t *)(scratch->words + words);
    scratch->runs = (uint32_t *)(scratch->counts + columns);
    scratch->word_slots = scratch->runs + words;
    scratch->columns = (int32_t *)(scratch->word_slots + words);
    scratch->spare = scratch->columns + columns;
    scratch->found = 0;
    return 1;
}

static void scratch_free(Scratch *scratch) { free(scratch->words); }

/* One bit for each of up to 64 bytes: whether it belongs to a word character. A character may reach into the next block:
 * `*over` takes along how many of its bytes do. */
static uint64_t word_bytes(const Index *index, const uint8_t *at, size_t count, const uint8_t *end, size_t *over) {
    uint64_t bits = 0;
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++) any |= at[i];
    if (any < 0x80) {
        for (size_t i = 0; i < count; i++) bits |= (uint64_t)is_word(index->word_bits, at[i]) << i;
        return bits;
    }
    size_t i = *over & 7;
    if (*over & 8) bits = (1ull << i) - 1;
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

/* A run of word characters is a word, but a single character only where that is enough. */
static void take_word(const Index *index, Scratch *scratch, const uint8_t *at, const uint8_t *stop, const uint8_t *end) {
    size_t length = (size_t)(stop - at);
    size_t first = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (index->shortest > 1 && length <= first) return;
    uint64_t key = key_of(at, length, end, index->multiplier);
    __builtin_prefetch(&index->tables[0].slots[home(&index->tables[0], key, index->multiplier)]);
    scratch->words[scratch->found++] = (Found){key, at, length};
}

/* Where the bits change, words begin and end. */
static void cut(const Index *index, Scratch *scratch, const uint8_t *text, size_t size) {
    const uint8_t *end = text + size, *start = NULL;
    size_t over = 0;
    uint64_t before = 0;
    for (size_t block = 0; block < size; block += 64) {
        size_t count = size - block < 64 ? size - block : 64;
        uint64_t bits = word_bytes(index, text + block, count, end, &over);
        for (uint64_t changes = bits ^ (bits << 1 | before); changes; changes &= changes - 1) {
            const uint8_t *at = text + block + __builtin_ctzll(changes);
            if (start == NULL) {
                start = at;
            } else {
                take_word(index, scratch, start, at, end);
                start = NULL;
            }
        }
        before = bits >> 63;
    }
    if (start != NULL) take_word(index, scratch, start, end, end);
}

static size_t keep(const Table *table, const double *weights, uint32_t slot, int32_t *columns, size_t kept) {
    int32_t column = table->slots[slot].column;
    if (column < 0) return kept;
    if (weights) __builtin_prefetch(&weights[column]);
    columns[kept] = column;
    return kept + 1;
}

/* The columns of all words and runs of words, in no order; how many. */
static size_t look_up(const Index *index, Scratch *scratch, const double *weights) {
    uint32_t *runs = scratch->runs, *words = scratch->word_slots;
    size_t kept = 0;
    for (size_t i = 0; i < scratch->found; i++) {
        const Found *word = &scratch->words[i];
        uint32_t slot = find(index, 0, word->key, word->at, word->length);
        runs[i] = words[i] = index->tables[0].slots[slot].key ? slot : NOWHERE;
        if (words[i] != NOWHERE) kept = keep(&index->tables[0], weights, slot, scratch->columns, kept);
    }
    for (int level = 1; level < index->ngram_max; level++) {
        const Table *table = &index->tables[level];
        const uint32_t *last = words + level;
        size_t count = scratch->found > (size_t)level ? scratch->found - (size_t)level : 0;
        for (size_t i = 0; i < count + AHEAD; i++) {
            if (i < count && runs[i] != NOWHERE) {
                uint64_t key = run_key(runs[i], last[i]);
                __builtin_prefetch(&table->slots[home(table, key, index->multiplier)]);
            }
            if (i < AHEAD) continue;
            size_t now = i - AHEAD;
            uint32_t word = last[now], slot = NOWHERE;
            if (runs[now] != NOWHERE && word != NOWHERE) {
                slot = find(index, level, run_key(runs[now], word), NULL, 0);
                if (table->slots[slot].key == 0) slot = NOWHERE;
            }
            runs[now] = slot;
            if (slot != NOWHERE) kept = keep(table, weights, slot, scratch->columns, kept);
        }
    }
    return kept;
}

/* Ascending, byte by byte from the lowest; `columns` and `spare` change places each time. */
static void sort(Scratch *scratch, size_t count) {
    uint32_t all = 0;
    for (size_t i = 0; i < count; i++) all |= (uint32_t)scratch->columns[i];
    for (int shift = 0; shift < 32 && all >> shift; shift += 8) {
        size_t place[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++) place[(uint32_t)scratch->columns[i] >> shift & 255]++;
        for (int digit = 0; digit < 256; digit++) {
            size_t own = place[digit];
            place[digit] = sum;
            sum += own;
        }
        for (size_t i = 0; i < count; i++)
            scratch->spare[place[(uint32_t)scratch->columns[i] >> shift & 255]++] = scratch->columns[i];
        int32_t *sorted = scratch->spare;
        scratch->spare = scratch->columns;
        scratch->columns = sorted;
    }
}

/* Leaves the distinct columns of the text, ascending, and their counts; how many. */
static size_t count_columns(const Index *index, Scratch *scratch, const double *weights, const uint8_t *text, size_t size) {
    cut(index, scratch, text, size);
    size_t kept = look_up(index, scratch, weights), distinct = 0;
    sort(scratch, kept);
    for (size_t i = 0; i < kept; distinct++) {
        size_t first = i;
        int32_t column = scratch->columns[first];
        while (i < kept && scratch->columns[i] == column) i++;
        scratch->columns[distinct] = column;
        scratch->counts[distinct] = (int64_t)(i - first);
    }
    return distinct;
}

/* Writes the distinct columns of the text and their counts; how many, or -1 where `room` or the memory is too small. */
API int64_t index_count(const Index *index, const uint8_t *text, size_t size, int32_t *columns, int64_t *counts, int64_t room) {
    Scratch scratch;
    if (!scratch_for(&scratch, index, size)) return -1;
    size_t distinct = count_columns(index, &scratch, NULL, text, size);
    int fits = (int64_t)distinct <= room;
    if (fits) {
        memcpy(columns, scratch.columns, distinct * sizeof *columns);
        memcpy(counts, scratch.counts, distinct * sizeof *counts);
    }
    scratch_free(&scratch);
    return fits ? (int64_t)distinct : -1;
}

/* ---- From counted columns to what the model says ------------------------------------------------------------------- */

/* `log_size` 0: counts are used as they are. */
typedef struct {
    const double *idf, *log_table;
    int64_t log_size;
} Weights;

/* The values of the row before they are divided by their norm, and that norm; 0 where a count is beyond the table. */
static int weigh(const Weights *weights, const Scratch *scratch, size_t distinct, double *values, double *norm) {
    double squares = 0.0;
    for (size_t i = 0; i < distinct; i++) {
        int64_t count = scratch->counts[i];
        if (weights->log_size && count >= weights->log_size) return 0;
        double weight = weights->log_size ? weights->log_table[count] : (double)count;
        values[i] = weight * weights->idf[scratch->columns[i]];
        squares += values[i] * values[i];
    }
    *norm = squares != 0.0 ? __builtin_sqrt(squares) : 1.0;
    return 1;
}

/* The decision of a linear model. NaN also where it cannot be told here: the caller then finishes from the counts. */
API double score_linear(const Index *index, const Weights *weights, const double *coef, double intercept, const uint8_t *text, size_t size) {
    Scratch scratch;
    if (!scratch_for(&scratch, index, size)) return __builtin_nan("");
    size_t distinct = count_columns(index, &scratch, weights->idf, text, size);
    double *values = (double *)scratch.words, norm, decision = __builtin_nan("");
    for (size_t i = 0; i < distinct; i++) __builtin_prefetch(&coef[scratch.columns[i]]);
    if (weigh(weights, &scratch, distinct, values, &norm)) {
        decision = 0.0;
        for (size_t i = 0; i < distinct; i++) decision += values[i] / norm * coef[scratch.columns[i]];
        decision += intercept;
    }
    scratch_free(&scratch);
    return decision;
}

/* As above for many texts, which lets go of the interpreter lock once for all of them. */
API void score_linear_many(const Index *index, const Weights *weights, const double *coef, double intercept,
                           const uint8_t *const *texts, const size_t *sizes, size_t count, double *decisions) {
    for (size_t i = 0; i < count; i++)
        decisions[i] = score_linear(index, weights, coef, intercept, texts[i], sizes[i]);
}

/* All trees' nodes one after the other, as the file has them; they were checked by who read them. */
typedef struct {
    const int32_t *roots, *left, *right, *feature;
    const double *threshold, *value;
    int64_t trees;
    size_t terms;
} Forest;

/* The value of a column, 0 for one that the text has not; most have their bit unset. */
static double value_of(const uint64_t *has, const int32_t *columns, const double *values, size_t distinct, int32_t column) {
    if (!(has[column >> 6] >> (column & 63) & 1)) return 0.0;
    size_t low = 0, high = distinct;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (columns[middle] <= column) low = middle;
        else high = middle;
    }
    return values[low];
}

/* The votes of both classes, NaN where they cannot be told here. */
API void score_forest(const Index *index, const Weights *weights, const Forest *forest, const uint8_t *text, size_t size, double *votes) {
    Scratch scratch;
    votes[0] = votes[1] = __builtin_nan("");
    if (!scratch_for(&scratch, index, size)) return;
    uint64_t *has = calloc(forest->terms / 64 + 1, sizeof *has);
    size_t distinct = count_columns(index, &scratch, weights->idf, text, size);
    double *values = (double *)scratch.words, norm, sums[2] = {0.0, 0.0};
    if (has && weigh(weights, &scratch, distinct, values, &norm)) {
        for (size_t i = 0; i < distinct; i++) {
            values[i] = (float)(values[i] / norm);
            has[scratch.columns[i] >> 6] |= 1ull << (scratch.columns[i] & 63);
        }
        for (int64_t tree = 0; tree < forest->trees; tree++) {
            int32_t node = forest->roots[tree];
            while (forest->left[node] >= 0) {
                double value = value_of(has, scratch.columns, values, distinct, forest->feature[node]);
                node = value <= forest->threshold[node] ? forest->left[node] : forest->right[node];
            }
            sums[0] += forest->value[2 * (size_t)node];
            sums[1] += forest->value[2 * (size_t)node + 1];
        }
        votes[0] = sums[0] / (double)forest->trees;
        votes[1] = sums[1] / (double)forest->trees;
    }
    free(has);
    scratch_free(&scratch);
}
