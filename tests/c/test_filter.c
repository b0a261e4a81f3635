/* Filters: what compiles, what does not and where, what passes. Part of test_cilwire.c's program. */
#include "rebuild.h"

void test_filters(void);

typedef struct event {
    uint8_t bytes[1024];
} event;

/* An event of AgentID, PeripheralID, LineHandle and Monitored. */
static void make_event(event *e, uint32_t message_id, const char *agent, int32_t peripheral, int monitored) {
    cw_item items[4] = {0};
    cw_error error;
    const char *const names[] = {"AgentID", "PeripheralID", "LineHandle", "Monitored"};
    for (int i = 0; i < 4; i++) {
        items[i].key = (uint16_t)cw_keyword_id((const uint8_t *)names[i], strlen(names[i]));
        REQUIRE(items[i].key);
    }
    items[0].type = CW_T_STRING;
    items[0].data = (const uint8_t *)agent;
    items[0].length = (uint32_t)strlen(agent);
    items[1].type = CW_T_INT;
    items[1].number = (uint32_t)peripheral;
    items[2].type = CW_T_USHORT;
    items[2].number = 65535;
    items[3].type = CW_T_BOOL;
    items[3].number = monitored != 0;
    size_t size = cw_build_size(items, 4, &error);
    REQUIRE(size && size + CW_HEADER_SIZE <= sizeof e->bytes);
    REQUIRE(!cw_build(items, 4, e->bytes + CW_HEADER_SIZE, size, &error));
    cw_header header = {(uint32_t)size + CW_HEADER_SIZE, message_id, 0, CW_K_EVENT, 0};
    cw_frame_write_header(e->bytes, &header);
    REQUIRE(!cw_frame_validate(e->bytes, header.length, CW_FRAME_LIMIT, cw_keyword_total(), NULL, &error));
}

static uint8_t *compile(const char *text, size_t *length) {
    cw_filter_error error;
    *length = cw_filter_compile((const uint8_t *)text, strlen(text), NULL, 0, &error);
    REQUIRE(*length);
    uint8_t *program = malloc(*length);
    REQUIRE(program);
    REQUIRE(cw_filter_compile((const uint8_t *)text, strlen(text), program, *length, &error) == *length);
    return program;
}

static void test_matches(void) {
    static const struct {
        const char *text;
        int passes;
    } cases[] = {
        {"MessageID=30", 1},
        {"messageid = 30", 1},
        {"MessageID=31", 0},
        {"MessageID=3", 0},
        {"MessageID=1,2,30", 1},
        {"MessageID=*", 1},
        {"MessageID=3*", 1},
        {"MessageID=3*99", 1},
        {"MessageID=4*", 0},
        {"AgentID=22866", 1},
        {" AGENTID = 1 , 22866 ", 1},
        {"AgentID=2286", 0},
        {"AgentID=228*", 1},
        {"AgentID=22866*", 1},
        {"AgentID=228660*", 0},
        {"AgentID=*", 1},
        {"PeripheralID=-5000", 1},
        {"PeripheralID=-50*", 1},
        {"PeripheralID=5000", 0},
        {"LineHandle=65535", 1},
        {"Monitored=true", 1},
        {"MessageID=30;AgentID=22866", 1},
        {"MessageID=30 ; AgentID=22867", 0},
        {"MessageID=31;AgentID=22866", 0},
        {"UniqueObjectID=*", 0},
        {"AgentID=1;AgentID=22866;", 1},
        {"MessageID=oNaGENTsTATEcHANGE", 1},
        {"PeripheralID=-005000", 1},
        {"LineHandle=+65535", 1},
        {"LineHandle=655*", 1},
        {"Monitored=1", 1},
        {"Monitored=TR*", 1},
        {"Monitored=false", 0},
        {"no keyword=*", 0},
        {"FilterTarget=SkillGroupStats", 0},
        {"FilterTarget=skillgroupstats;MessageID=30", 0},
        {"HideSilentMonitorCallEvents", 1},
        {"HideSilentMonitorCalls=1;MessageID=30", 1},
        {"HideSilentMonitorCallEvents=0", 1},
    };
    event e;
    make_event(&e, 30, "22866", -5000, 1);
    cw_block block;
    cw_block_open(e.bytes + CW_HEADER_SIZE, &block);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length;
        uint8_t *program = compile(cases[i].text, &length);
        int passes = cw_filter_match(program, length, e.bytes);
        if (passes != cases[i].passes) fprintf(stderr, "filter \"%s\": %d\n", cases[i].text, passes);
        REQUIRE(passes == cases[i].passes);
        REQUIRE(passes == cw_filter_match_block(program, length, 30, &block));
        /* A program cut short or changed is only bytes: any answer, no crash. */
        for (size_t cut = 0; cut < length; cut++) {
            uint8_t *part = malloc(cut + 1);
            REQUIRE(part);
            memcpy(part, program, cut);
            cw_filter_match(part, cut, e.bytes);
            free(part);
            uint8_t before = program[cut];
            program[cut] = 0xff;
            cw_filter_match(program, length, e.bytes);
            program[cut] = before;
        }
        free(program);
    }
}

static void test_errors(void) {
    static const struct {
        const char *text;
        uint32_t column;
    } cases[] = {
        {"", 1},
        {" ; ", 2},
        {"=", 1},
        {"AgentID", 8},
        {"AgentID=", 9},
        {"AgentID=1,", 11},
        {"AgentID=,1", 9},
        {"AgentID=1;;", 11},
        {";AgentID=1", 1},
        {"AgentID,1", 8},
        {"AgentID=1=2", 10},
        {"  AgentID  ", 12},
        {"MessageID=x", 11},
        {"MessageID=3x", 11},
        {"MessageID=x*", 11},
        {"MessageID=4294967296", 11},
        {"MessageID=30, 536875008", 15},
        {"HideSilentMonitorCalls=2", 24},
        {"HideSilentMonitorCalls=1,1", 26},
        {"AgentID=\xc3\xbc\xff", 11},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw_filter_error error = {0, ""};
        size_t n = strlen(cases[i].text);
        REQUIRE(!cw_filter_compile((const uint8_t *)cases[i].text, n, NULL, 0, &error));
        if (error.column != cases[i].column)
            fprintf(stderr, "filter \"%s\": column %u\n", cases[i].text, (unsigned)error.column);
        REQUIRE(error.column == cases[i].column);
        REQUIRE(error.message[0] && memchr(error.message, 0, sizeof error.message));
    }
    static const char wide[] = "AgentID=\xc3\xbc=";
    cw_filter_error error;
    REQUIRE(!cw_filter_compile((const uint8_t *)wide, sizeof wide - 1, NULL, 0, &error));
    REQUIRE(error.column == 11 && !strcmp(error.message, "unexpected '=' at column 10"));
    uint8_t *text = malloc(CW_FILTER_MAX_TEXT + 1);
    REQUIRE(text);
    memset(text, '1', CW_FILTER_MAX_TEXT + 1);
    memcpy(text, "AgentID=", 8);
    REQUIRE(cw_filter_compile(text, CW_FILTER_MAX_TEXT, NULL, 0, NULL));
    REQUIRE(!cw_filter_compile(text, CW_FILTER_MAX_TEXT + 1, NULL, 0, NULL));
    free(text);
}

/* A program byte for byte as the page has it, and the silent monitor terms against events. */
static void test_program(void) {
    static const uint8_t expected[] = {
        'C', 'W', 'F', '1', 1, 0,    0, 0, 96,  0, 0, 0, 2, 0, 2, 0,                              /* header */
        32,  0,   0,   0,   0, 0,    1, 0, 0,   0, 0, 0, 0, 0, 0, 0,                              /* message id */
        16,  0,   0,   0,   2, 1,    0, 0, 30,  0, 0, 0, 0, 0, 0, 0,                              /* EXACT 30 */
        48,  0,   0,   0,   0, 0x80, 1, 0, 1,   0, 0, 0, 0, 0, 0, 0, 'z', 0,   0, 0, 0, 0, 0, 0, /* name z */
        24,  0,   0,   0,   3, 0,    2, 0, 0,   0, 0, 0, 0, 0, 0, 0, '1', '0', 0, 0, 0, 0, 0, 0  /* PREFIX 10 */
    };
    size_t length;
    uint8_t *program = compile("MessageID=30;Z=10*", &length);
    REQUIRE(length == sizeof expected && !memcmp(program, expected, length));
    free(program);
    program = compile("HideSilentMonitorCallEvents=0", &length);
    REQUIRE(length == 16);
    free(program);
    program = compile("HideSilentMonitorCallEvents", &length);
    for (int type = 20; type < 23; type++) {
        cw_item item = {0};
        cw_error error;
        cw_block block;
        uint8_t bytes[64];
        item.key = (uint16_t)cw_keyword_id((const uint8_t *)"CallType", 8);
        item.type = CW_T_SHORT;
        item.number = (uint64_t)type;
        REQUIRE(!cw_build(&item, 1, bytes, cw_build_size(&item, 1, &error), &error));
        cw_block_open(bytes, &block);
        REQUIRE(cw_filter_match_block(program, length, 23, &block) == (type != 21));
    }
    free(program);
}

void test_filters(void) {
    test_program();
    test_matches();
    test_errors();
}
