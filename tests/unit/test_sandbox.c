/* test_sandbox.c: what the sandbox takes and refuses, with its exact words. */
#include "tests/unit/sandbox_desk.h"

#include "adapters/tiktok/sandbox/scan.h"
#include "tests/support/guard.h"

struct body_case {
    const char *body; /* ' for " */
    int code;
    const char *message;
};

static void check_cases(const struct body_case *cases)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ .rate = 1000000 });
    unsigned failures = 0;

    for (; cases->body; cases++) {
        struct sandbox_answer answer = post_at(s, cases->body, NOW);
        int code = answer.code, status = answer.status;
        cJSON *tree = parse_answer(&answer);
        if (code != cases->code || strcmp(text_at(tree, "message"), cases->message) != 0 ||
            number_at(tree, "code") != cases->code || status != 200) {
            print_error("%s\n  expected %d %s\n  got      %d %s\n", cases->body, cases->code,
                        cases->message, code, text_at(tree, "message"));
            failures++;
        }
        cJSON_Delete(tree);
    }
    sandbox_close(s);
    assert_int_equal(failures, 0);
}

#define MISSING " Missing data for required field."
#define UNKNOWN                                                                                    \
    " (the sandbox is stricter here: TikTok ignores what it does not know without a word)"
#define EMPTY "must not be empty; leave the key out" STRICTER
#define UNFILLED(x) "looks like a macro that nothing has filled: \"" x "\"" STRICTER
#define HASHED "must be hashed: SHA-256 as 64 lowercase hexadecimal digits" STRICTER

/* ---- accepted ---- */

static const struct body_case accepted[] = {
    /* the examples of the reference, section 1.10 and 1.5 */
    { WEB("{'event':'Purchase','event_time':1795181000,'event_id':'order-1001',"
          "'user':{'email':'" HASH "','phone':'" HASH "','external_id':'" HASH "',"
          "'ttclid':'E.C.P.v3fQ2RHacdksKfofPmlyuStIIHJ4Af1tKYxF9zz2c2PLx1Oaw15oHpcfl5AH',"
          "'ttp':'2F7h37YkS1j57AYSKTI7IHhJPYH','ip':'198.51.100.7','user_agent':'Mozilla/5.0'},"
          "'properties':{'currency':'USD','value':46.00,'content_type':'product','contents':"
          "[{'content_id':'1077218','content_name':'shoes','price':23.00,'quantity':2}]},"
          "'page':{'url':'https://shop.example/thanks?ttclid=E.C.P.v3f',"
          "'referrer':'https://shop.example/cart'}}"),
      0, "OK" },
    { WEB(GOOD), 0, "OK" },
    { WEB("{" HEAD "," PAGE ",'user':{'email':['" HASH "','" HASH "'],'ip':'2001:db8::1',"
          "'first_name':'" HASH
          "','city':'newyork','state':'ny','country':'us','locale':'en_US'}}"),
      0, "OK" },
    { "{'data':[" GOOD "," GOOD "],'test_event_code':'TEST1','event_source_id':'PX',"
      "'event_source':'web'}",
      0, "OK" },
    { PLUS("'limited_data_use':true,'ad':{'campaign_id':'1','attribution_share':0.5}"), 0, "OK" },
    { PLUS("'properties':{'content_ids':['a','b'],'num_items':0,'order_id':'o','shop_id':'s',"
           "'search_string':'x','description':'d','customer_type':'new'}"),
      0, "OK" },
    { BODY("app", "{" HEAD ",'user':{'idfa':'EA7583CD-A667-48BC-B806-42ECB2B48606',"
                  "'att_status':'AUTHORIZED','ip':'203.0.113.9'},'app':{'app_id':'123'},"
                  "'ad':{'callback':'c','attributed':true}}"),
      0, "OK" },
    { BODY("app", "{'event':'LaunchAPP','event_time':1795181652,'user':{'gaid':"
                  "'aaaaaa-2222-1111-8787-809e92233ba0'},'app':{'app_id':'com.x'}}"),
      0, "OK" },
    { BODY("offline", "{" HEAD ",'user':{'phone':'" HASH "'},'event_id':'1'}"), 0, "OK" },
    { BODY("crm", "{'event':'Qualified','event_time':1795181652,'user':{'email':'" HASH "'},"
                  "'lead':{'lead_id':'7','lead_event_source':'HubSpot'}}"),
      0, "OK" },
    /* taken with a remark */
    { WEB("{'event':'CompletePayment','event_time':1795181652," USER "," PAGE "}"), 0,
      "OK; data.0.event: CompletePayment is the old name of Purchase and was converted" },
    { WEB(GOOD ",{'event':'SubmitForm','event_time':1795181652," USER "," PAGE "},"
               "{'event':'ClickButton','event_time':1795181652," USER "," PAGE "}"),
      0,
      "OK; data.1.event: SubmitForm is the old name of Lead and was converted (and 1 more notes)" },
    { WEB("{'event':'Purchse','event_time':1795181652," USER "," PAGE "}"), 0,
      "OK; data.0.event: \"Purchse\" is taken as a custom event; did you mean \"Purchase\"?" },
    { WEB("{'event':'Pageview','event_time':1795181652," USER "," PAGE "}"), 0, "OK" },
    { NULL, 0, NULL },
};

/* ---- refused: JSON and the body's own fields ---- */

static const struct body_case body_refused[] = {
    { "", 40002, "Invalid JSON: the body is empty." },
    { "[]", 40002, "Invalid JSON: the body must be an object." },
    { "{", 40002, "Invalid JSON at byte 1: it ends too early." },
    { "{} {}", 40002, "Invalid JSON at byte 3: something follows the end." },
    { "{'a':01}", 40002, "Invalid JSON at byte 6: a comma or } is expected." },
    { "{'a':'\\u0000'}", 40002, "Invalid JSON at byte 12: U+0000 in a string." },
    { "{'a':'\xff'}", 40002, "Invalid JSON at byte 6: not UTF-8." },
    { "{'a':'\n'}", 40002, "Invalid JSON at byte 6: a control character in a string." },
    { "{'a':[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", 40002,
      "Invalid JSON at byte 20: nested too deep." },
    { "{}", 40002, "event_source:" MISSING },
    { "{'event_source':'Web'}", 40002,
      "event_source: Invalid value for event_source: \"Web\"; did you mean \"web\"?" },
    { "{'event_source':'browser'}", 40002,
      "event_source: Invalid value for event_source: \"browser\" is none of the 4 that TikTok "
      "lists." },
    { "{'event_source':1}", 40002,
      "event_source: Invalid value for event_source: not a valid string." },
    { "{'event_source':'web','event_source':'web'}", 40002, "event_source: given twice" },
    { "{'event_source':'web','data':[" GOOD "]}", 40002, "event_source_id:" MISSING },
    { "{'event_source':'web','event_source_id':'','data':[" GOOD "]}", 40002,
      "event_source_id: " EMPTY },
    { "{'event_source':'web','event_source_id':5}", 40002,
      "event_source_id: Invalid value for event_source_id: not a valid string." },
    { "{'event_source':'web','event_source_id':'PX'}", 40002, "data:" MISSING },
    { "{'event_source':'web','event_source_id':'PX','data':[]}", 40002, "data: " EMPTY },
    { "{'event_source':'web','event_source_id':'PX','data':{}}", 40002,
      "data: Invalid value for data: not a valid list." },
    { "{'event_source':'web','event_source_id':'PX','data':[1]}", 40002,
      "data.0: Invalid value for data: not a valid object." },
    { "{'event_source':'web','event_source_id':'PX','data':[null]}", 40002,
      "data.0: must not be null; leave the key out" STRICTER },
    { "{'event_source':'web','pixel_code':'PX','data':[" GOOD "]}", 40002,
      "pixel_code: unknown field; did you mean \"event_source_id\"?" UNKNOWN },
    { "{'event_source':'web','event_source_id':'PX','test_event_cod':'T'}", 40002,
      "test_event_cod: unknown field; did you mean \"test_event_code\"?" UNKNOWN },
    { "{'event_source':'web','event_source_id':'PX','partner_name':'Segment'}", 40063,
      "partner_name: no partner is registered; leave the key out" STRICTER },
    { NULL, 0, NULL },
};

/* ---- refused: an event ---- */

#define EVENT(name) WEB("{'event':'" name "','event_time':1795181652," USER "," PAGE "}")
#define TIME(t) WEB("{'event':'Lead','event_time':" t "," USER "," PAGE "}")

static const struct body_case event_refused[] = {
    { WEB("{}"), 40002, "data.0: " EMPTY },
    { WEB("{'event_time':1795181652," USER "," PAGE "}"), 40002, "data.0.event:" MISSING },
    { WEB("{'event':'Lead'," USER "," PAGE "}"), 40002, "data.0.event_time:" MISSING },
    { WEB("{" HEAD "," PAGE "}"), 40002, "data.0.user:" MISSING },
    { WEB("{" HEAD "," USER "}"), 40002, "data.0.page:" MISSING },
    { WEB("{" HEAD "," USER ",'page':{'referrer':'x'}}"), 40002, "data.0.page.url:" MISSING },
    /* the first bad event decides, the first problem in it */
    { WEB(GOOD "," GOOD ",{" HEAD ",'event_id':7,'user':{}," PAGE "},{}"), 40002,
      "data.2.event_id: Invalid value for event_id: not a valid string." },
    { PLUS("'event_id':null"), 40002,
      "data.0.event_id: must not be null; leave the key out" STRICTER },
    { PLUS("'event_id':' '"), 40002, "data.0.event_id: " EMPTY },
    { PLUS("'event_id':'{event_id}'"), 40002, "data.0.event_id: " UNFILLED("{event_id}") },
    { PLUS("'eventid':'x'"), 40002,
      "data.0.eventid: unknown field; did you mean \"event_id\"?" UNKNOWN },
    { PLUS("'ttclid':'E.C.P.x'"), 40002,
      "data.0.ttclid: unknown field here; it belongs to user" UNKNOWN },
    { PLUS("'zzz':1"), 40002, "data.0.zzz: unknown field" UNKNOWN },
    { PLUS("'event':'Purchase'"), 40002, "data.0.event: given twice" },
    { PLUS("'limited_data_use':1"), 40002,
      "data.0.limited_data_use: Invalid value for limited_data_use: not a valid boolean." },
    { PLUS("'lead':{'lead_id':'1'}"), 40002, "data.0.lead: not a field of web events" STRICTER },
    { BODY("offline", "{" HEAD ",'user':{'email':'" HASH "'}," PAGE "}"), 40002,
      "data.0.page: not a field of offline events" STRICTER },
    { BODY("app", "{" HEAD ",'user':{'ip':'8.8.8.8'},'app':{'app_id':'1'},'event_id':'x'}"), 40002,
      "data.0.event_id: not a field of app events" STRICTER },
    { BODY("app", "{" HEAD ",'user':{'ip':'8.8.8.8'}}"), 40002, "data.0.app:" MISSING },
    { BODY("crm", "{" HEAD ",'user':{'email':'" HASH "'},'lead':{'lead_event_source':'x'}}"), 40002,
      "data.0.lead.lead_id:" MISSING },
    /* names */
    { EVENT("purchase"), 40002,
      "data.0.event: \"purchase\" is no standard event; did you mean \"Purchase\"? Names are "
      "case-sensitive" STRICTER },
    { EVENT("add_to_cart"), 40002,
      "data.0.event: \"add_to_cart\" is no standard event; did you mean \"AddToCart\"? Names are "
      "case-sensitive" STRICTER },
    { EVENT("completepayment"), 40002,
      "data.0.event: \"completepayment\" is no standard event; did you mean \"Purchase\"? Names "
      "are case-sensitive" STRICTER },
    { EVENT("2nd sale"), 40002,
      "data.0.event: \"2nd sale\" is no standard event, and a custom name has at most 50 letters, "
      "digits, _ and -, and starts with a letter" },
    { EVENT("a23456789012345678901234567890123456789012345678901"), 40002,
      "data.0.event: \"a23456789012345678901234567890123456789012345678901\" is no standard event, "
      "and a custom name has at most 50 letters, digits, _ and -, and starts with a letter" },
    { BODY("offline", "{'event':'Purchas','event_time':1795181652,'user':{'email':'" HASH "'}}"),
      40002,
      "data.0.event: \"Purchas\" is no standard event, and offline events take no custom ones; did "
      "you mean \"Purchase\"?" },
    { BODY("offline", "{'event':'MyOwn','event_time':1795181652,'user':{'email':'" HASH "'}}"),
      40002,
      "data.0.event: \"MyOwn\" is no standard event, and offline events take no custom ones" },
    /* times: 10 minutes ahead, 28 days back */
    { TIME("1795182252"), 0, "OK" },
    { TIME("1795182253"), 40002,
      "data.0.event_time: lies 601 seconds ahead; at most 600" STRICTER },
    { TIME("1792762452"), 0, "OK" },
    { TIME("1792762451"), 40002,
      "data.0.event_time: is older than 28 days, past every attribution window" STRICTER },
    { TIME("1795181652000"), 40002,
      "data.0.event_time: must be Unix seconds; these look like milliseconds" STRICTER },
    { TIME("1795181652.5"), 40002,
      "data.0.event_time: Invalid value for event_time: not a valid integer." },
    { TIME("'1795181652'"), 40002,
      "data.0.event_time: Invalid value for event_time: not a valid integer." },
    { TIME("1e400"), 40002, "data.0.event_time: is too large" },
    { TIME("1795181652.0000000000000000000000000000000000000000000000000000"), 0, "OK" },
    { TIME("1795181652.00000000000000000000000000000000000000000000000000000"), 40002,
      "Invalid JSON at byte 146: a number of more than 63 characters." },
    { TIME("-5"), 40002,
      "data.0.event_time: is older than 28 days, past every attribution window" STRICTER },
    { NULL, 0, NULL },
};

/* ---- refused: user ---- */

#define WHO(fields) WEB("{" HEAD "," PAGE ",'user':{" fields "}}")
#define NOT_PUBLIC "data.0.user.ip: not a public address; leave the key out" STRICTER
#define NO_IP "data.0.user.ip: not a valid IPv4 or IPv6 address"
#define LOWERCASE "must be in lower case without spaces and punctuation" STRICTER

static const struct body_case user_refused[] = {
    { WHO(""), 40002, "data.0.user: " EMPTY },
    { WEB("{" HEAD "," PAGE ",'user':[]}"), 40002,
      "data.0.user: Invalid value for user: not a valid object." },
    { WHO("'ttclidX':'E.C.P.'"), 40002,
      "data.0.user.ttclidX: unknown field; did you mean \"ttclid\"?" UNKNOWN },
    { WHO("'phone_number':'" HASH "'"), 40002,
      "data.0.user.phone_number: unknown field; did you mean \"phone\"?" UNKNOWN },
    { WHO("'Email':'" HASH "'"), 40002,
      "data.0.user.Email: unknown field; did you mean \"email\"?" UNKNOWN },
    { WHO("'ttclid':'a','ttclid':'b'"), 40002, "data.0.user.ttclid: given twice" },
    { WHO("'ttclid':'__CLICKID__'"), 40002, "data.0.user.ttclid: " UNFILLED("__CLICKID__") },
    { WHO("'ttclid':'{external_id}'"), 40002, "data.0.user.ttclid: " UNFILLED("{external_id}") },
    { WHO("'ttclid':'%7Bsub1%7D'"), 40002, "data.0.user.ttclid: " UNFILLED("%7Bsub1%7D") },
    { WHO("'ttclid':'}a{b}'"), 40002, "data.0.user.ttclid: " UNFILLED("}a{b}") },
    { WHO("'ttclid':'}{%7'"), 0, "OK" },
    { WHO("'ttclid':'a%20%7bx'"), 40002, "data.0.user.ttclid: " UNFILLED("a%20%7bx") },
    { WHO("'ttclid':'##X##'"), 40002, "data.0.user.ttclid: " UNFILLED("##X##") },
    { WHO("'ttclid':'undefined'"), 40002, "data.0.user.ttclid: " UNFILLED("undefined") },
    { WHO("'ttclid':['a']"), 40002,
      "data.0.user.ttclid: Invalid value for ttclid: not a valid string." },
    { WHO("'email':'jane@example.com'"), 40062, "data.0.user.email: " HASHED },
    { WHO("'phone':'+12133734253'"), 40062, "data.0.user.phone: " HASHED },
    { WHO("'external_id':'user_123'"), 40062, "data.0.user.external_id: " HASHED },
    { WHO("'first_name':'jane'"), 40062, "data.0.user.first_name: " HASHED },
    { WHO("'last_name':'roe'"), 40062, "data.0.user.last_name: " HASHED },
    { WHO("'zip_code':'10115'"), 40062, "data.0.user.zip_code: " HASHED },
    { WHO("'email':['" HASH "','jane@example.com']"), 40062, "data.0.user.email.1: " HASHED },
    { WHO("'email':[]"), 40002, "data.0.user.email: " EMPTY },
    { WHO("'email':5"), 40002, "data.0.user.email: Invalid value for email: not a valid string." },
    { WHO("'email':[5]"), 40002,
      "data.0.user.email.0: Invalid value for email: not a valid string." },
    { WHO("'first_name':['" HASH "']"), 40002,
      "data.0.user.first_name: Invalid value for first_name: not a valid string." },
    { WHO("'email':'848A771458438FC2EC420560D769FB9B9B86851EE338EC56517BAABD79D3BB4F'"), 40002,
      "data.0.user.email: the hash must be in lowercase hexadecimal digits" STRICTER },
    { WHO("'email':'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"), 40002,
      "data.0.user.email: is the hash of an empty text; leave the key out" STRICTER },
    { WHO("'ip':'10.1.2.3'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'172.31.0.1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'172.32.0.1'"), 0, "OK" },
    { WHO("'ip':'192.168.0.1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'127.0.0.1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'100.64.0.1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'100.128.0.1'"), 0, "OK" },
    { WHO("'ip':'0.0.0.0'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'255.255.255.255'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'::1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'fe80::1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'fd00::1'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'::ffff:8.8.8.8'"), 40002, NOT_PUBLIC },
    { WHO("'ip':'2a00:1450:4001::200e'"), 0, "OK" },
    { WHO("'ip':'8.8.8'"), 40002, NO_IP },
    { WHO("'ip':'8.8.8.08'"), 40002, NO_IP },
    { WHO("'ip':'8.8.8.8:80'"), 40002, NO_IP },
    { WHO("'ip':'0000000000000000000000000000000000000000000008.8.8.8'"), 40002, NO_IP },
    { WHO("'city':'New York'"), 40002, "data.0.user.city: " LOWERCASE },
    { WHO("'city':'m\xc3\xbcnchen'"), 0, "OK" },
    { WHO("'state':'NY'"), 40002, "data.0.user.state: " LOWERCASE },
    { WHO("'country':'US'"), 40002,
      "data.0.user.country: must be the country's two letters in lower case, such as "
      "\"de\"" STRICTER },
    { WHO("'locale':'e'"), 40002,
      "data.0.user.locale: not a BCP 47 language tag such as en-US" STRICTER },
    { WHO("'locale':'zh-Hans-CN'"), 0, "OK" },
    { WHO("'locale':'en-'"), 40002,
      "data.0.user.locale: not a BCP 47 language tag such as en-US" STRICTER },
    { WHO("'user_agent':''"), 40002, "data.0.user.user_agent: " EMPTY },
    { WHO("'idfa':'x'"), 40002, "data.0.user.idfa: not a field of web events" STRICTER },
    { BODY("app", "{" HEAD ",'user':{'idfa':'ea7583cd-a667'},'app':{'app_id':'1'}}"), 40002,
      "data.0.user.idfa: must be in upper case, or its SHA-256 in lowercase hexadecimal "
      "digits" STRICTER },
    { BODY("app", "{" HEAD ",'user':{'gaid':'AAAA-2222'},'app':{'app_id':'1'}}"), 40002,
      "data.0.user.gaid: must be in lower case, or its SHA-256 in lowercase hexadecimal "
      "digits" STRICTER },
    { BODY("app", "{" HEAD ",'user':{'att_status':'denied'},'app':{'app_id':'1'}}"), 40002,
      "data.0.user.att_status: Invalid value for att_status: \"denied\"; did you mean "
      "\"DENIED\"?" },
    { BODY("offline", "{" HEAD ",'user':{'ttclid':'E.C.P.x'}}"), 40002,
      "data.0.user.ttclid: not a field of offline events" STRICTER },
    { BODY("crm", "{" HEAD ",'user':{'ip':'8.8.8.8'},'lead':{'lead_id':'1'}}"), 40002,
      "data.0.user.ip: not a field of crm events" STRICTER },
    { NULL, 0, NULL },
};

/* ---- refused: properties, page, ad ---- */

#define WHAT(fields) PLUS("'properties':{" fields "}")
#define AT(url) WEB("{" HEAD "," USER ",'page':{'url':'" url "'}}")
#define NO_URL "data.0.page.url: not a full URL such as https://shop.example/thanks" STRICTER

static const struct body_case rest_refused[] = {
    { WHAT(""), 40002, "data.0.properties: " EMPTY },
    { WHAT("'value':'46.00'"), 40002,
      "data.0.properties.value: Invalid value for value: not a valid number." },
    { WHAT("'value':-0.01"), 40002, "data.0.properties.value: must not be negative" STRICTER },
    { WHAT("'value':0"), 0, "OK" },
    { WHAT("'value':1e999"), 40002, "data.0.properties.value: is too large" },
    { WHAT("'value':1e16"), 40002, "data.0.properties.value: is too large" STRICTER },
    { WHAT("'value':null"), 40002,
      "data.0.properties.value: must not be null; leave the key out" STRICTER },
    { WHAT("'currency':'usd'"), 40002,
      "data.0.properties.currency: Invalid value for currency: \"usd\"; did you mean \"USD\"?" },
    { WHAT("'currency':'Bitcoin'"), 40002,
      "data.0.properties.currency: Invalid value for currency: \"Bitcoin\" is none of the 62 that "
      "TikTok lists." },
    { WHAT("'content_type':'Product'"), 40002,
      "data.0.properties.content_type: Invalid value for content_type: \"Product\"; did you mean "
      "\"product\"?" },
    { WHAT("'customer_type':'old'"), 40002,
      "data.0.properties.customer_type: Invalid value for customer_type: \"old\" is none of the 2 "
      "that TikTok lists." },
    { WHAT("'query':'x'"), 40002,
      "data.0.properties.query: unknown field; did you mean \"search_string\"?" UNKNOWN },
    { WHAT("'num_items':1.5"), 40002,
      "data.0.properties.num_items: Invalid value for num_items: not a valid integer." },
    { WHAT("'num_items':-1"), 40002, "data.0.properties.num_items: must not be negative" STRICTER },
    { WHAT("'content_ids':'a'"), 40002,
      "data.0.properties.content_ids: Invalid value for content_ids: not a valid list." },
    { WHAT("'content_ids':['a','']"), 40002, "data.0.properties.content_ids.1: " EMPTY },
    { WHAT("'content_ids':[1]"), 40002,
      "data.0.properties.content_ids.0: Invalid value for content_ids: not a valid string." },
    { WHAT("'contents':{'content_id':'a'}"), 40002,
      "data.0.properties.contents: Invalid value for contents: not a valid list." },
    { WHAT("'contents':[{}]"), 40002, "data.0.properties.contents.0: " EMPTY },
    { WHAT("'contents':['a']"), 40002,
      "data.0.properties.contents.0: Invalid value for contents: not a valid object." },
    { WHAT("'contents':[{'content_id':'a'},{'content_id':1077218}]"), 40002,
      "data.0.properties.contents.1.content_id: Invalid value for content_id: not a valid "
      "string." },
    { WHAT("'contents':[{'price':'23'}]"), 40002,
      "data.0.properties.contents.0.price: Invalid value for price: not a valid number." },
    { WHAT("'contents':[{'quantity':1.5}]"), 40002,
      "data.0.properties.contents.0.quantity: Invalid value for quantity: not a valid integer." },
    { WHAT("'contents':[{'content_type':'product'}]"), 40002,
      "data.0.properties.contents.0.content_type: unknown field here; it belongs to "
      "properties" UNKNOWN },
    { WHAT("'order_id':'{tid}'"), 40002, "data.0.properties.order_id: " UNFILLED("{tid}") },
    { BODY("crm", "{" HEAD ",'user':{'email':'" HASH "'},'lead':{'lead_id':'1'},"
                  "'properties':{'customer_type':'new'}}"),
      40002, "data.0.properties.customer_type: not a field of crm events" STRICTER },
    { AT("shop.example/t"), 40002, NO_URL },
    { AT("https://"), 40002, NO_URL },
    { AT("https:///t"), 40002, NO_URL },
    { AT("ftp://shop.example/"), 40002, NO_URL },
    { AT("https://shop.example/a b"), 40002, NO_URL },
    { AT("https://shop.example/?a=1&ttclid=__CLICKID__#x"), 40002,
      "data.0.page.url: its ttclid is a macro that nothing has filled; TikTok would take it for "
      "the click id" STRICTER },
    { AT("https://shop.example/?a={x}&ttclid=E.C.P.1"), 0, "OK" },
    { AT(""), 40002, "data.0.page.url: " EMPTY },
    { WEB("{" HEAD "," USER ",'page':{'url':'http://[::1]/','title':'x'}}"), 40002,
      "data.0.page.title: unknown field" UNKNOWN },
    { PLUS("'ad':{'attribution_share':1.1}"), 40002,
      "data.0.ad.attribution_share: must be from 0 to 1" },
    { PLUS("'ad':{'callback':'x'}"), 40002,
      "data.0.ad.callback: not a field of web events" STRICTER },
    { PLUS("'ad':{'attribution_window_hr_click':[]}"), 40002,
      "data.0.ad.attribution_window_hr_click: Invalid value for attribution_window_hr_click: not "
      "a valid string." },
    { NULL, 0, NULL },
};

static void test_accepted(void **state)
{
    (void)state;
    check_cases(accepted);
}

static void test_body_refused(void **state)
{
    (void)state;
    check_cases(body_refused);
}

static void test_event_refused(void **state)
{
    (void)state;
    check_cases(event_refused);
}

static void test_user_refused(void **state)
{
    (void)state;
    check_cases(user_refused);
}

static void test_rest_refused(void **state)
{
    (void)state;
    check_cases(rest_refused);
}

/* Answer's code for a body with a ttclid of n characters that take `bytes` bytes each. */
static int code_for_ttclid(struct sandbox *s, int n, const char *character)
{
    struct buf b = { 0 }, body = { 0 };
    struct sandbox_answer answer;

    buf_puts(&b, "{'event_source':'web','event_source_id':'PX','data':[{" HEAD "," PAGE
                 ",'user':{'ttclid':'");
    for (int i = 0; i < n; i++)
        buf_puts(&b, character);
    buf_puts(&b, "'}}]}");
    buf_byte(&b, '\0');
    answer = ask(s, true, TRACK, quotes(b.ptr, &body), NOW);
    buf_free(&answer.body);
    buf_free(&b);
    buf_free(&body);
    return answer.code;
}

static void test_ttclid_length(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });

    (void)state;
    assert_int_equal(code_for_ttclid(s, 1000, "a"), 0);
    assert_int_equal(code_for_ttclid(s, 1001, "a"), 40002);
    assert_int_equal(code_for_ttclid(s, 1000, "\xc3\xa9"), 0);
    sandbox_close(s);
}

static void post_many(struct sandbox *s, int count, struct sandbox_answer *answer)
{
    struct buf b = { 0 }, body = { 0 };

    buf_puts(&b, "{'event_source':'web','event_source_id':'PX','data':[");
    for (int i = 0; i < count; i++)
        buf_puts(&b, i ? "," GOOD : GOOD);
    buf_puts(&b, "]}");
    buf_byte(&b, '\0');
    *answer = ask(s, true, TRACK, quotes(b.ptr, &body), NOW);
    buf_free(&b);
    buf_free(&body);
}

static void test_batch_size(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    struct sandbox_answer answer;
    cJSON *tree;

    (void)state;
    post_many(s, 1000, &answer);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.events, 1000);
    buf_free(&answer.body);
    post_many(s, 1001, &answer);
    assert_int_equal(answer.code, 40002);
    assert_int_equal(answer.events, 0);
    tree = parse_answer(&answer);
    assert_string_equal(text_at(tree, "message"),
                        "data: has 1001 entries, at most 1000 are allowed");
    cJSON_Delete(tree);
    tree = get(s, "/stats");
    assert_int_equal(number_at(tree, "accepted"), 1000);
    cJSON_Delete(tree);
    sandbox_close(s);
}

/* Every start of a body, against an unreadable page: refused, and never read past its end. */
static void test_every_cut(void **state)
{
    static const char whole[] =
        "{'event_source':'web','event_source_id':'PX','data':[{" HEAD ",'user':{'ttclid':'E\\u00e9"
        "\\ud83d\\ude00','email':['" HASH "']},'properties':{'value':-1.5e+3},'limited_data_use':"
        "true," PAGE "}]}";
    struct sandbox *s = desk_open((struct sandbox_settings){ .rate = 100000 });
    struct buf text = { 0 };
    struct slice body = quotes(whole, &text);

    (void)state;
    for (size_t n = 0; n < body.len; n++) {
        struct slice part = guard_copy(slice_head(body, n));
        struct sandbox_answer answer = ask(s, true, TRACK, part, NOW);
        assert_int_equal(answer.code, 40002);
        buf_free(&answer.body);
        guard_free(part);
    }
    buf_free(&text);
    sandbox_close(s);
}

/* ---- the JSON reader by itself ---- */

static const struct {
    const char *text;
    size_t at;
    const char *error; /* NULL: fine */
} json_cases[] = {
    { " {\"a\" : [ 1 , -0.5e-3 , true , false , null , \"\\\"\\u00e9\\ud83d\\ude00\" ] } ", 0,
      NULL },
    { "0", 0, NULL },
    { "-", 1, "it ends too early" },
    { "1.", 2, "it ends too early" },
    { "[1.]", 3, "a digit is expected" },
    { "[1e]", 3, "a digit is expected" },
    { "[+1]", 1, "a value is expected" },
    { "[.5]", 1, "a value is expected" },
    { "[1,]", 3, "a value is expected" },
    { "{\"a\":1,}", 7, "a string is expected" },
    { "{a:1}", 1, "a string is expected" },
    { "{\"a\" 1}", 5, "a colon is expected" },
    { "[1 2]", 3, "a comma or ] is expected" },
    { "[nul]", 1, "an unknown word" },
    { "[NaN]", 1, "a value is expected" },
    { "\v1", 0, "a value is expected" },
    { "\xef\xbb\xbf{}", 0, "a value is expected" },
    { "[\"\\x\"]", 3, "a wrong escape in a string" },
    { "[\"\\u12g4\"]", 6, "a wrong \\u escape in a string" },
    { "[\"\\ud83d\"]", 8, "half a surrogate pair in a string" },
    { "[\"\\ude00\"]", 8, "half a surrogate pair in a string" },
    { "[\"\\ud83d\\u0041\"]", 14, "half a surrogate pair in a string" },
    { "[\"\xc0\xaf\"]", 2, "not UTF-8" },
    { "[\"\xed\xa0\x80\"]", 2, "not UTF-8" },
    { "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", 0, NULL },
    { "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 16, "nested too deep" },
};

static void test_scan(void **state)
{
    struct sandbox_scan scan;

    (void)state;
    for (size_t i = 0; i < sizeof(json_cases) / sizeof(json_cases[0]); i++) {
        struct slice text = guard_copy(slice_from(json_cases[i].text));
        bool ok = sandbox_scan(text, &scan);
        if (ok != !json_cases[i].error || scan.error_at != json_cases[i].at ||
            (scan.error && strcmp(scan.error, json_cases[i].error) != 0))
            fail_msg("%s: %s at %zu", json_cases[i].text, ok ? "fine" : scan.error, scan.error_at);
        guard_free(text);
    }
    assert_true(sandbox_scan(S("{\"a\":[ {\"b\":[1]} , 2 ]}"), &scan));
    assert_int_equal(scan.count, 2);
    assert_true(slice_eq(scan.elements[0], S("{\"b\":[1]}")));
    assert_true(slice_eq(scan.elements[1], S("2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),      cmocka_unit_test(test_body_refused),
        cmocka_unit_test(test_event_refused), cmocka_unit_test(test_user_refused),
        cmocka_unit_test(test_rest_refused),  cmocka_unit_test(test_ttclid_length),
        cmocka_unit_test(test_batch_size),    cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_scan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
