/* Scores texts with a compiled model: the operations of reference.py, in the same order, so that every bit is the same.
 *
 * Python stays in charge: it reads and checks the file, lowers the texts (but for ASCII), says which characters make words, and calls
 * this through ctypes, which lets go of the interpreter lock meanwhile. Nothing here is kept between two calls but the
 * index, which is never changed, so any number of threads may use it.
 *
 * What is pointed at by arguments is trusted to have the length that comes with it. What it holds is not: bytes that are
 * no UTF-8, terms that no text can have, counts beyond a table lead to other answers, never beyond an array.
 *
 * It is compiled without a C library and its headers, which a machine may lack: the few functions of one that are used, the
 * interpreter has loaded.
 */
#include "words.h"

#define PUT_AT_ONCE 32 /* runs whose lines are asked for before the first of them is put there */
#define AT_ONCE 256 /* words whose runs are asked for before the first of them is looked at: all lines together fit the nearest cache */

/* ---- The index: words, then runs of two words, then of three ------------------------------------------------------- */

/* Whether all of these bytes are one word: so many word characters or more. */
static int is_whole_word(const uint8_t *word_bits, size_t shortest, const uint8_t *at, const uint8_t *end) {
    size_t characters = 0;
    for (uint32_t point; at < end; characters++) {
        point = *at;
        at += point < 0x80 ? 1 : decode(at, end, &point);
        if (!is_word(word_bits, point)) return 0;
    }
    return characters >= shortest;
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

static uint32_t put_word(Index *index, const Word *word, const uint8_t *end) {
    return put(index, key_of(word->at, word->length, end, index->multiplier), word->at, word->length);
}

static uint64_t line_of(const Index *index, int level, uint64_t key) {
    return share_of_places(key, index->runs[level - 1].size, index->multiplier);
}

/* Puts every word of all terms into the table of words. 0 when it is full, or else there is no memory. */
static int fill_words(Index *index, const uint8_t *pool, size_t size, const uint8_t *counts) {
    const uint8_t *end = pool + size;
    int32_t column = 0;
    for (const uint8_t *at = pool;; column++) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        Word words[LONGEST_NGRAM];
        words_of_term(at, line ? line : end, counts[column], words);
        for (int i = 0; i < counts[column]; i++) {
            uint32_t slot = put_word(index, &words[i], end);
            if (slot == NOWHERE) return 0;
            if (counts[column] == 1) index->words.slots[slot].column = column;
        }
        if (!line) return 1;
        at = line + 1;
    }
}

/* A run that is about to be put into its table: its line has been asked for. `column` is -1 for one that only begins a term. */
typedef struct {
    uint64_t key, line;
    int32_t column;
} Coming;

static int put_all(RunTable *runs, const Coming *coming, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t run = put_in(runs, coming[i].line, coming[i].key);
        if (run == NOWHERE) return 0;
        if (coming[i].column >= 0) name_run(runs, run, coming[i].column);
    }
    return 1;
}

/* The run of the first `level` + 1 words of a term. All words and all runs of fewer words have to be there. */
static Coming run_of(Index *index, int level, const Word *words, const uint8_t *end) {
    uint32_t run = put_word(index, &words[0], end);
    for (int i = 1;; i++) {
        uint64_t key = run_key(run, put_word(index, &words[i], end)), line = line_of(index, i, key);
        int32_t column;
        if (i == level) return (Coming){key, line, -1};
        run = find_in(&index->runs[i - 1], line, key, &column);
    }
}

/* Puts the first `level` + 1 words of all terms that have as many into the table for such runs. 0 when it is full. */
static int fill_runs(Index *index, int level, const uint8_t *pool, size_t size, const uint8_t *counts) {
    const uint8_t *end = pool + size;
    RunTable *runs = &index->runs[level - 1];
    Coming coming[PUT_AT_ONCE];
    size_t waiting = 0;
    int32_t column = 0;
    for (const uint8_t *at = pool;; column++) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        int count = counts[column];
        if (count > level) {
            Word words[LONGEST_NGRAM];
            words_of_term(at, line ? line : end, count, words);
            coming[waiting] = run_of(index, level, words, end);
            if (count == level + 1) coming[waiting].column = column;
            __builtin_prefetch(&runs->lines[coming[waiting++].line], 1);
        }
        if (waiting == PUT_AT_ONCE || !line) {
            if (!put_all(runs, coming, waiting)) return 0;
            waiting = 0;
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

/* Each term takes one place at most for its first two words and one for three. Words that are no terms themselves may be more than
 * expected: then their table is made anew, which is why longer runs, that name its slots, come later. */
static int fill_all(Index *index, const uint8_t *pool, size_t size, uint8_t *counts) {
    uint64_t longer[LONGEST_NGRAM + 1] = {0};
    count_terms(index, pool, size, counts, longer);
    uint64_t words = longer[0] - longer[1] + 16;
    for (;; words *= 2) {
        index->spelt = 0;
        if (!make_table(&index->words, words)) return 0;
        if (fill_words(index, pool, size, counts)) break;
        if (!is_full(&index->words)) return 0; /* a larger one would only be short of memory, too */
    }
    for (int level = 1; level < index->ngram_max; level++)
        if (!make_run_table(&index->runs[level - 1], longer[level]) || !fill_runs(index, level, pool, size, counts)) return 0;
    return 1;
}

API void index_free(Index *index) {
    if (index == NULL) return;
    free(index->words.memory);
    for (int level = 1; level < LONGEST_NGRAM; level++) free(index->runs[level - 1].memory);
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

_Static_assert(sizeof(Found) >= LONGEST_NGRAM * sizeof(double), "the words' memory later holds the values of their runs");

/* All that one text needs, in one piece of memory: room for as many words as there can be with a gap behind each. Columns that are
 * equal stand together from `firsts` on; there is one of these more than there are different columns. */
typedef struct {
    Found *words;
    uint32_t *runs, *word_slots;
    int32_t *columns, *spare;
    uint32_t *firsts;
    uint8_t *copy;
    size_t found;
} Scratch;

static int scratch_for(Scratch *scratch, const Index *index, size_t size) {
    size_t words = most_words(index, size), columns = words * (size_t)index->ngram_max + 1;
    uint8_t *memory = malloc(words * (sizeof(Found) + 2 * sizeof(uint32_t)) + columns * 3 * sizeof(int32_t) + copy_size(size));
    if (memory == NULL) return 0;
    scratch->words = (Found *)memory;
    scratch->runs = (uint32_t *)(scratch->words + words);
    scratch->word_slots = scratch->runs + words;
    scratch->columns = (int32_t *)(scratch->word_slots + words);
    scratch->spare = scratch->columns + columns;
    scratch->firsts = (uint32_t *)(scratch->spare + columns);
    scratch->copy = (uint8_t *)(scratch->firsts + columns);
    scratch->found = 0;
    return 1;
}

static void scratch_free(Scratch *scratch) { free(scratch->words); }

/* Keeps a column unless it is none, and asks for its weight. */
static size_t keep(const double *weights, int32_t column, int32_t *columns, size_t kept) {
    size_t is_one = column >= 0;
    if (weights) __builtin_prefetch(&weights[is_one ? column : 0]);
    columns[kept] = column;
    return kept + is_one;
}

static void ask_for(const Index *index, int level, uint32_t run, uint32_t word) {
    __builtin_prefetch(&index->runs[level - 1].lines[line_of(index, level, run_key(run, word))]);
}

/* The slots of these words; those that are long are compared when all are found, as their length cannot be foretold. */
static void find_words(const Index *index, Scratch *scratch, size_t first, size_t behind) {
    uint32_t *slots = scratch->word_slots, *long_words = (uint32_t *)scratch->spare;
    size_t waiting = 0;
    for (size_t i = first; i < behind; i++) {
        slots[i] = find_key(index, scratch->words[i].key);
        long_words[waiting] = (uint32_t)(i - first);
        waiting += scratch->words[i].length >= 8;
    }
    for (size_t j = 0; j < waiting; j++) {
        size_t i = first + long_words[j];
        const Found *word = &scratch->words[i];
        if (slots[i] != NOWHERE && !same_spelling(index, slots[i], word->at, word->length))
            slots[i] = find(index, word->key, word->at, word->length);
    }
}

/* Keeps the columns of these words, and asks for the runs of two words that end with them. */
static size_t look_up_words(const Index *index, Scratch *scratch, const double *weights, size_t first, size_t behind, size_t kept) {
    find_words(index, scratch, first, behind);
    for (size_t i = first; i < behind; i++) {
        uint32_t slot = scratch->runs[i] = scratch->word_slots[i];
        if (slot != NOWHERE) kept = keep(weights, index->words.slots[slot].column, scratch->columns, kept);
        if (i > 0 && index->ngram_max > 1) ask_for(index, 1, scratch->runs[i - 1], slot);
    }
    return kept;
}

/* Keeps the columns of the runs of `level` + 1 words that end with one of these words. Where they begin, their place takes that of
 * the shorter run. No run has the key that NOWHERE leads to, as shorter run or as word: an empty place may, and that has no column. */
static size_t look_up_runs(const Index *index, Scratch *scratch, int level, const double *weights, size_t first, size_t behind,
                           size_t kept) {
    for (size_t last = first < (size_t)level ? (size_t)level : first; last < behind; last++) {
        uint32_t *run = &scratch->runs[last - (size_t)level];
        uint64_t key = run_key(*run, scratch->word_slots[last]);
        int32_t column;
        *run = find_in(&index->runs[level - 1], line_of(index, level, key), key, &column);
        kept = keep(weights, column, scratch->columns, kept);
    }
    return kept;
}

/* The columns of all words and runs of words, in no order; how many. */
static size_t look_up(const Index *index, Scratch *scratch, const double *weights) {
    size_t kept = 0;
    for (size_t first = 0, behind; first < scratch->found; first = behind) {
        behind = scratch->found - first < AT_ONCE ? scratch->found : first + AT_ONCE;
        kept = look_up_words(index, scratch, weights, first, behind, kept);
        for (int level = 1; level < index->ngram_max; level++) {
            for (size_t i = first < 2 ? 2 : first; level == 2 && i < behind; i++)
                ask_for(index, 2, scratch->runs[i - 2], scratch->word_slots[i]);
            kept = look_up_runs(index, scratch, level, weights, first, behind, kept);
        }
    }
    return kept;
}

/* Leaves the distinct columns of the text, ascending, and their counts; how many. */
static size_t count_columns(const Index *index, Scratch *scratch, const double *weights, const uint8_t *text, size_t size) {
    scratch->found = cut(index, scratch->words, scratch->copy, text, size);
    size_t kept = look_up(index, scratch, weights), distinct = 0;
    scratch->columns = sorted(scratch->columns, scratch->spare, kept);
    int32_t *columns = scratch->columns;
    columns[kept] = -1;
    for (size_t i = 0, first = 0; i < kept; i++) {
        size_t is_last = columns[i] != columns[i + 1];
        columns[distinct] = columns[i];
        scratch->firsts[distinct] = (uint32_t)first;
        distinct += is_last;
        first = is_last ? i + 1 : first;
    }
    scratch->firsts[distinct] = (uint32_t)kept;
    return distinct;
}

static int64_t count_of(const Scratch *scratch, size_t i) { return (int64_t)(scratch->firsts[i + 1] - scratch->firsts[i]); }

/* Writes the distinct columns of the text and their counts; how many, or -1 where `room` or the memory is too small. */
API int64_t index_count(const Index *index, const uint8_t *text, size_t size, int32_t *columns, int64_t *counts, int64_t room) {
    Scratch scratch;
    if (!scratch_for(&scratch, index, size)) return -1;
    size_t distinct = count_columns(index, &scratch, NULL, text, size);
    int fits = (int64_t)distinct <= room;
    if (fits) {
        memcpy(columns, scratch.columns, distinct * sizeof *columns);
        for (size_t i = 0; i < distinct; i++) counts[i] = count_of(&scratch, i);
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
        int64_t count = count_of(scratch, i);
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
