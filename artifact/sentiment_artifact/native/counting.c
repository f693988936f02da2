/* Counts the terms of all texts of a training, as scikit-learn's CountVectorizer does, over as many threads as Python calls it with.
 *
 * Words get numbers first: each thread reads pieces of the texts into a lexicon of their own, and the lexicons are merged. Runs of
 * words are counted length by length, so that only what may still become a term takes memory: a run is at most as frequent as
 * the shorter run it begins with and as the word it ends with. There each thread has a share of all runs, by their hash, and
 * goes through all texts. At last, numbers become columns, and every text a row of the matrix.
 *
 * Python stays in charge: it lowers the texts, says which characters make words, decides what is frequent enough and gives terms
 * their columns. So neither the number of threads nor any hash can show in the result. Arrays are trusted to have the length that
 * comes with them, and texts to end in ascending order inside their bytes. What arrays hold is not: bytes that are no UTF-8 and
 * numbers that nobody gave out lead to other counts, never beyond an array.
 */
#include "words.h"

#define AT_ONCE 64 /* runs that are asked for before the first of them is looked at */
#define FIRST_WORDS 4096
#define FIRST_RUNS 4096

/* ---- Words and their numbers --------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t texts, occurrences, last; /* `last`: the text, counted from 1, that held it most recently */
} Tally;

/* Words in the order in which they came. `column` of a word's slot is its number. */
typedef struct {
    Index index;
    Tally *tallies;
    uint32_t words;
} Lexicon;

static int tally_as_many(Lexicon *lexicon) {
    Tally *tallies = realloc(lexicon->tallies, lexicon->index.words.most * sizeof(Tally));
    if (tallies == NULL) return 0;
    lexicon->tallies = tallies;
    return 1;
}

API void lexicon_free(Lexicon *lexicon) {
    if (lexicon == NULL) return;
    free(lexicon->index.words.memory);
    free(lexicon->index.spellings);
    free(lexicon->tallies);
    free(lexicon);
}

/* An empty lexicon; NULL when there is no memory. `word_bits`, 0x110000 bits, has to outlive it. What is merged has to have one
 * multiplier. */
API Lexicon *lexicon_new(int shortest, const uint8_t *word_bits, uint64_t multiplier) {
    Lexicon *lexicon = calloc(1, sizeof(Lexicon));
    if (lexicon == NULL) return NULL;
    lexicon->index.word_bits = word_bits;
    lexicon->index.multiplier = multiplier | 1;
    lexicon->index.shortest = shortest == 1 ? 1 : 2;
    if (make_table(&lexicon->index.words, FIRST_WORDS) && tally_as_many(lexicon)) return lexicon;
    lexicon_free(lexicon);
    return NULL;
}

API int64_t lexicon_size(const Lexicon *lexicon) { return lexicon->words; }

/* Twice the room. Keys of long words may be equal by chance, so each slot goes to the next empty one, as it did before. */
static int grow(Lexicon *lexicon) {
    Table *table = &lexicon->index.words, before = *table;
    if (before.most > INT32_MAX / 2) return 0;
    table->memory = NULL;
    if (!make_table(table, before.most * 2) || !tally_as_many(lexicon)) {
        free(table->memory);
        *table = before;
        return 0;
    }
    for (uint64_t old = 0; old < before.size; old++) {
        if (before.slots[old].key == 0) continue;
        table->slots[empty_slot(table, before.slots[old].key, lexicon->index.multiplier)] = before.slots[old];
    }
    table->used = before.used;
    free(before.memory);
    return 1;
}

/* The number of a word, a new one if need be; -1 when there is no memory. */
static int64_t number_of(Lexicon *lexicon, uint64_t key, const uint8_t *at, size_t length) {
    uint32_t found = put(&lexicon->index, key, at, length);
    if (found == NOWHERE && is_full(&lexicon->index.words) && grow(lexicon)) found = put(&lexicon->index, key, at, length);
    if (found == NOWHERE) return -1;
    Slot *slot = &lexicon->index.words.slots[found];
    if (slot->column < 0) {
        slot->column = (int32_t)lexicon->words;
        lexicon->tallies[lexicon->words++] = (Tally){0, 0, 0};
    }
    return slot->column;
}

static size_t longest(const int64_t *ends, int64_t texts) {
    int64_t most = 0;
    for (int64_t text = 0; text < texts; text++) {
        int64_t size = ends[text] - (text ? ends[text - 1] : 0);
        if (size > most) most = size;
    }
    return (size_t)most;
}

/* Reads texts that stand one behind the other, each up to its end, into an empty lexicon. Writes the numbers of all words, and for
 * each text how many words there are up to its end. How many in all; -1 where `room` or the memory is too small. */
API int64_t lexicon_read(Lexicon *lexicon, const uint8_t *bytes, const int64_t *ends, int64_t texts, uint32_t *numbers, int64_t room,
                         int64_t *word_ends) {
    size_t most = longest(ends, texts), room_for_words = most_words(&lexicon->index, most) * sizeof(Found);
    Found *words = malloc(room_for_words + copy_size(most));
    uint8_t *copy = (uint8_t *)words + room_for_words;
    int64_t read = 0;
    for (int64_t text = 0; words != NULL && text < texts; text++) {
        int64_t start = text ? ends[text - 1] : 0;
        size_t found = cut(&lexicon->index, words, copy, bytes + start, (size_t)(ends[text] - start));
        if ((int64_t)found > room - read) goto too_small;
        for (size_t i = 0; i < found; i++) {
            int64_t number = number_of(lexicon, words[i].key, words[i].at, words[i].length);
            if (number < 0) goto too_small;
            Tally *tally = &lexicon->tallies[number];
            tally->texts += tally->last != (uint32_t)text + 1;
            tally->last = (uint32_t)text + 1;
            tally->occurrences++;
            numbers[read++] = (uint32_t)number;
        }
        word_ends[text] = read;
    }
    if (words == NULL) return -1;
    free(words);
    return read;
too_small:
    free(words);
    return -1;
}

/* The bytes of a word; a short one is its own key, which `slot` keeps. */
static const uint8_t *spelling_of(const Lexicon *lexicon, const Slot *slot, size_t *length) {
    if (slot->key >> 63) {
        const uint8_t *spelling = lexicon->index.spellings + slot->spelling;
        *length = load(spelling, 4);
        return spelling + 4;
    }
    *length = (size_t)(71 - __builtin_clzll(slot->key)) / 8;
    return (const uint8_t *)&slot->key;
}

/* Adds the words of a piece of the texts and their counts. `numbers` gets, for each of its words, the number here. 0 when there is
 * no memory. */
API int lexicon_merge(Lexicon *lexicon, const Lexicon *piece, uint32_t *numbers) {
    const Table *table = &piece->index.words;
    for (uint64_t i = 0; i < table->size; i++) {
        const Slot *slot = &table->slots[i];
        if (slot->key == 0) continue;
        size_t length;
        const uint8_t *at = spelling_of(piece, slot, &length);
        int64_t number = number_of(lexicon, slot->key, at, length);
        if (number < 0) return 0;
        lexicon->tallies[number].texts += piece->tallies[slot->column].texts;
        lexicon->tallies[number].occurrences += piece->tallies[slot->column].occurrences;
        numbers[slot->column] = (uint32_t)number;
    }
    return 1;
}

/* By number: in how many texts each word stands, and how often in all. */
API void lexicon_tallies(const Lexicon *lexicon, uint32_t *texts, uint32_t *occurrences) {
    for (uint32_t i = 0; i < lexicon->words; i++) {
        texts[i] = lexicon->tallies[i].texts;
        occurrences[i] = lexicon->tallies[i].occurrences;
    }
}

/* Writes the words of at least so many texts, by number, a line break behind each; how many bytes that takes, -1 without memory.
 * Nothing is written beyond `room`. */
API int64_t lexicon_spell(const Lexicon *lexicon, uint32_t fewest_texts, uint8_t *pool, int64_t room) {
    const Table *table = &lexicon->index.words;
    const Slot **by_number = calloc((size_t)lexicon->words + 1, sizeof *by_number);
    int64_t size = 0;
    if (by_number == NULL) return -1;
    for (uint64_t i = 0; i < table->size; i++)
        if (table->slots[i].key != 0) by_number[table->slots[i].column] = &table->slots[i];
    for (uint32_t number = 0; number < lexicon->words; number++) {
        if (lexicon->tallies[number].texts < fewest_texts) continue;
        size_t length;
        const uint8_t *at = spelling_of(lexicon, by_number[number], &length);
        if (size + (int64_t)length < room) {
            memcpy(pool + size, at, length);
            pool[size + (int64_t)length] = '\n';
        }
        size += (int64_t)length + 1;
    }
    free(by_number);
    return size;
}

/* Each number becomes what `names` has for it, and what is beyond becomes nothing. */
API void rename_all(uint32_t *numbers, int64_t count, const uint32_t *names, uint32_t named) {
    for (int64_t i = 0; i < count; i++) numbers[i] = numbers[i] < named ? names[numbers[i]] : NOWHERE;
}

/* ---- Runs of words ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t key; /* the shorter run and the last word; 0: empty */
    uint32_t number, last, texts, occurrences;
} Run;

/* One of `shares` shares of all runs of one length. */
typedef struct {
    Run *slots;
    uint64_t size, used, most, multiplier;
    uint32_t share, shares;
} Runs;

typedef struct {
    uint64_t key, place;
    int64_t at;
    uint32_t text;
} Seen;

static int room_for(Runs *runs, uint64_t most) {
    uint64_t size = most + most / 2 + 1;
    Run *slots = calloc(size, sizeof(Run));
    if (slots == NULL) return 0;
    runs->slots = slots;
    runs->size = size;
    runs->most = most;
    return 1;
}

API void runs_free(Runs *runs) {
    if (runs == NULL) return;
    free(runs->slots);
    free(runs);
}

/* No run yet; NULL when there is no memory. */
API Runs *runs_new(uint32_t share, uint32_t shares, uint64_t multiplier) {
    Runs *runs = calloc(1, sizeof(Runs));
    if (runs == NULL) return NULL;
    runs->share = share;
    runs->shares = shares ? shares : 1;
    runs->multiplier = multiplier | 1;
    if (room_for(runs, FIRST_RUNS)) return runs;
    free(runs);
    return NULL;
}

API int64_t runs_size(const Runs *runs) { return (int64_t)runs->used; }

/* Which share a key belongs to, and its place there as a fraction of 2^64. */
static uint32_t share_of(const Runs *runs, uint64_t key, uint64_t *place) {
    unsigned __int128 product = (unsigned __int128)(key * runs->multiplier) * runs->shares;
    *place = (uint64_t)product;
    return (uint32_t)(product >> 64);
}

static uint64_t slot_at(const Runs *runs, uint64_t place) { return (uint64_t)((unsigned __int128)place * runs->size >> 64); }

static Run *find_run(const Runs *runs, uint64_t key, uint64_t place) {
    for (uint64_t i = slot_at(runs, place);; i = i + 1 < runs->size ? i + 1 : 0)
        if (runs->slots[i].key == 0 || runs->slots[i].key == key) return &runs->slots[i];
}

static int more_runs(Runs *runs) {
    Runs before = *runs;
    if (!room_for(runs, before.most * 2)) return 0;
    for (uint64_t i = 0; i < before.size; i++) {
        if (before.slots[i].key == 0) continue;
        uint64_t place;
        share_of(runs, before.slots[i].key, &place);
        *find_run(runs, before.slots[i].key, place) = before.slots[i];
    }
    free(before.slots);
    return 1;
}

/* Counts a run and numbers it, so that no two shares give out one number; NOWHERE when there is no memory, or no number. */
static uint32_t count_run(Runs *runs, const Seen *seen) {
    Run *run = find_run(runs, seen->key, seen->place);
    if (run->key == 0) {
        if (runs->used == runs->most) {
            if (!more_runs(runs)) return NOWHERE;
            run = find_run(runs, seen->key, seen->place);
        }
        uint64_t number = runs->used * runs->shares + runs->share;
        if (number >= NOWHERE) return NOWHERE;
        *run = (Run){.key = seen->key, .number = (uint32_t)number};
        runs->used++;
    }
    run->texts += run->last != seen->text;
    run->last = seen->text;
    run->occurrences++;
    return run->number;
}

static int count_all(Runs *runs, const Seen *seen, int count, uint32_t *longer) {
    for (int i = 0; i < count; i++) {
        uint32_t number = count_run(runs, &seen[i]);
        if (number == NOWHERE) return 0;
        longer[seen[i].at] = number;
    }
    return 1;
}

/* Goes through a piece of the texts, whose first text has the number `first`: pieces come in order. `shorter` has the number of the
 * run of `length` - 1 words that begins at each word, `words` that of the word itself, `ends` where each text ends. Writes the
 * numbers of the runs of this share into `longer`, and leaves the rest of it alone. 0 when there is no memory. */
API int runs_count(Runs *runs, const uint32_t *shorter, const uint32_t *words, const int64_t *ends, int64_t texts, uint32_t first,
                   int64_t length, uint32_t *longer) {
    Seen seen[AT_ONCE];
    int waiting = 0;
    for (int64_t text = 0, at = 0; text < texts; at = ends[text++]) {
        for (int64_t last = at + length - 1; last < ends[text]; at++, last++) {
            if (shorter[at] == NOWHERE || words[last] == NOWHERE) continue;
            uint64_t key = ((uint64_t)shorter[at] + 1) << 32 | words[last], place;
            if (share_of(runs, key, &place) != runs->share) continue;
            __builtin_prefetch(&runs->slots[slot_at(runs, place)]);
            seen[waiting++] = (Seen){key, place, at, first + (uint32_t)text + 1};
            if (waiting < AT_ONCE) continue;
            if (!count_all(runs, seen, waiting, longer)) return 0;
            waiting = 0;
        }
    }
    return count_all(runs, seen, waiting, longer);
}

/* In the order in which they came: shorter run and last word, in how many texts, how often in all. */
API void runs_read(const Runs *runs, uint32_t *shorter, uint32_t *words, uint32_t *texts, uint32_t *occurrences) {
    for (uint64_t i = 0; i < runs->size; i++) {
        const Run *run = &runs->slots[i];
        if (run->key == 0) continue;
        uint32_t place = run->number / runs->shares;
        shorter[place] = (uint32_t)(run->key >> 32) - 1;
        words[place] = (uint32_t)run->key;
        texts[place] = run->texts;
        occurrences[place] = run->occurrences;
    }
}

/* ---- Rows of the matrix -------------------------------------------------------------------------------------------- */

/* The columns of a piece of the texts: for each of `levels` lengths of runs `words` numbers, one for each word. `ends`: behind
 * which word each text ends. */
typedef struct {
    const uint32_t *columns;
    const int64_t *ends;
    int64_t levels, words, texts, terms;
} Piece;

static int64_t start_of(const Piece *piece, int64_t text) { return text ? piece->ends[text - 1] : 0; }

/* For each text, how many different columns it has. 0 when there is no memory. */
API int rows_measure(const Piece *piece, int64_t *sizes) {
    uint32_t *last = calloc((size_t)piece->terms + 1, sizeof *last);
    if (last == NULL) return 0;
    for (int64_t text = 0; text < piece->texts; text++) {
        sizes[text] = 0;
        for (int64_t level = 0; level < piece->levels; level++) {
            const uint32_t *columns = piece->columns + level * piece->words;
            for (int64_t i = start_of(piece, text); i < piece->ends[text]; i++) {
                if (columns[i] >= piece->terms || last[columns[i]] == (uint32_t)text + 1) continue;
                last[columns[i]] = (uint32_t)text + 1;
                sizes[text]++;
            }
        }
    }
    free(last);
    return 1;
}

static size_t gather(const Piece *piece, int64_t text, int32_t *into) {
    size_t kept = 0;
    for (int64_t level = 0; level < piece->levels; level++) {
        const uint32_t *columns = piece->columns + level * piece->words;
        for (int64_t i = start_of(piece, text); i < piece->ends[text]; i++)
            if (columns[i] < piece->terms) into[kept++] = (int32_t)columns[i];
    }
    return kept;
}

/* The rows, as measured: columns ascending, and how often the text has each. 0 when there is no memory. */
API int rows_fill(const Piece *piece, int64_t room, int32_t *columns, double *counts) {
    size_t most = longest(piece->ends, piece->texts) * (size_t)piece->levels + 1;
    int32_t *memory = malloc(2 * most * sizeof *memory);
    if (memory == NULL) return 0;
    int64_t filled = 0;
    for (int64_t text = 0; text < piece->texts; text++) {
        size_t kept = gather(piece, text, memory);
        const int32_t *ascending = sorted(memory, memory + most, kept);
        for (size_t i = 0, first; i < kept && filled < room; filled++) {
            for (first = i; i < kept && ascending[i] == ascending[first];) i++;
            columns[filled] = ascending[first];
            counts[filled] = (double)(i - first);
        }
    }
    free(memory);
    return 1;
}

/* ---- Texts that were not learnt from ------------------------------------------------------------------------------- */

API int64_t index_count(const Index *index, const uint8_t *text, size_t size, int32_t *columns, int64_t *counts, int64_t room);

/* As index_count for texts that stand one behind the other; `row_ends` gets where each row ends. How many in all. */
API int64_t index_count_many(const Index *index, const uint8_t *bytes, const int64_t *ends, int64_t texts, int32_t *columns,
                             int64_t *counts, int64_t room, int64_t *row_ends) {
    int64_t all = 0;
    for (int64_t text = 0; text < texts; text++) {
        int64_t start = text ? ends[text - 1] : 0;
        int64_t found = index_count(index, bytes + start, (size_t)(ends[text] - start), columns + all, counts + all, room - all);
        if (found < 0) return -1;
        row_ends[text] = all += found;
    }
    return all;
}
