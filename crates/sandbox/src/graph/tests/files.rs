//! Drives everywhere, content at its own addresses, uploads, links, sites, lists, search.

use super::*;
use crate::graph::GraphResponse;

/// What the addresses of content begin with.
const CANARY: &str = "tempauth=v1.eyJjYW5hcnkiOiJkb3dubG9hZFVy";
const PERSONAL: &str = "contoso-my.sharepoint.com";
const SHARED: &str = "contoso.sharepoint.com";
const WIDE: [&str; 4] = ["Files.ReadWrite", "Files.ReadWrite.All", "Sites.Read.All", "Mail.Read"];
const PART: usize = 320 * 1024;

fn wide() -> Caller {
    Caller::at(&estate(), ALEX, &WIDE)
}

async fn id_of(caller: &Caller, drive: &str, name: &str) -> String {
    let items = caller.walk(&format!("{drive}/items/root/children")).await;
    let item = items.iter().find(|item| item["name"] == name).unwrap();
    item["id"].as_str().unwrap().to_owned()
}

/// A request to a host of content.
async fn at_host(
    caller: &Caller,
    host: &'static str,
    address: &str,
    method: Method,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> GraphResponse {
    let rest = address.strip_prefix(&format!("https://{host}")).unwrap();
    let (path, query) = rest.split_once('?').unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let request = GraphRequest { method, path: path.to_owned(), query: query.to_owned(), headers: map, body };
    caller.estate.graph.transfer(&caller.estate, host, request).await.unwrap()
}

async fn fetch(caller: &Caller, host: &'static str, address: &str) -> GraphResponse {
    at_host(caller, host, address, Method::GET, &[], Bytes::new()).await
}

async fn address_of(caller: &Caller, url: &str) -> String {
    let found = caller.send(Method::GET, url, None).await.unwrap();
    assert_eq!(found.status, 302, "{:?}", found.body);
    found.headers["location"].to_str().unwrap().to_owned()
}

async fn put(caller: &Caller, url: &str, text: &str, tag: Option<&str>) -> (u16, Value) {
    let mut request = caller.request(Method::PUT, url, None);
    request.body = Bytes::from(text.to_owned());
    request.headers.insert("content-type", "text/plain".parse().unwrap());
    if let Some(tag) = tag {
        request.headers.insert("if-match", tag.parse().unwrap());
    }
    shown(&caller.estate.graph.handle(&caller.estate, request).await.unwrap())
}

fn site(caller: &Caller, name: &str) -> Value {
    let sites = caller.estate.graph.collection(&caller.estate, "sites", None).unwrap();
    sites.into_iter().find(|site| site["displayName"] == name).unwrap()
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn content_lies_at_an_address_that_opens_it_without_a_token_and_only_without() {
    let caller = wide();
    let id = id_of(&caller, "/me/drive", "launch notes.md").await;
    let address = address_of(&caller, &format!("/me/drive/items/{id}/content")).await;
    assert!(
        address.contains(CANARY) && address.starts_with("https://contoso-my.sharepoint.com/"),
        "{address}"
    );
    let given = fetch(&caller, PERSONAL, &address).await;
    assert_eq!(
        (given.status.as_u16(), given.headers["content-type"].to_str().unwrap()),
        (200, "text/markdown")
    );
    assert!(given.body.starts_with(b"# Launch notes"));
    let (_, item) = caller.get(&format!("/me/drive/items/{id}")).await;
    assert_eq!(item["size"].as_u64(), u64::try_from(given.body.len()).ok());
    let token = [("authorization", format!("Bearer {}", caller.token))];
    let refused = at_host(&caller, PERSONAL, &address, Method::GET, &token, Bytes::new()).await;
    assert_eq!(refused.status, 401);
    assert_eq!(fetch(&caller, SHARED, &address.replace(PERSONAL, SHARED)).await.status, 404);
    assert_eq!(
        fetch(&caller, PERSONAL, &address.replace("tempauth=v1.", "tempauth=v1.AA")).await.status,
        404
    );
    caller.estate.clock.advance_secs(2 * 3600);
    assert_eq!(fetch(&caller, PERSONAL, &address).await.status, 401);
}

#[tokio::test]
async fn folders_notebooks_and_malware_have_no_content() {
    let caller = wide();
    for (name, expected) in [
        ("Contracts", (400, "notSupported")),
        ("Notebook of the team", (400, "notSupported")),
        ("invoice macro.txt", (403, "malwareDetected")),
    ] {
        let id = id_of(&caller, "/me/drive", name).await;
        let refused = caller.refusal(&format!("/me/drive/items/{id}/content")).await;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{name}");
    }
}

#[tokio::test]
async fn drives_elsewhere_need_a_wider_permission_and_an_open_door() {
    let estate = estate();
    let narrow = Caller::at(&estate, ALEX, &["Files.Read", "Mail.Read"]);
    let caller = Caller::at(&estate, ALEX, &WIDE);
    let open = site(&caller, "Northwind launch");
    let closed = site(&caller, "Board");
    let drive = |site: &Value| format!("/drives/{}", segment(site["driveId"].as_str().unwrap()));
    let of_site = |site: &Value| format!("/sites/{}/drive", segment(site["id"].as_str().unwrap()));
    let by_drive = caller.walk(&format!("{}/items/root/children", drive(&open))).await;
    assert_eq!(by_drive, caller.walk(&format!("{}/items/root/children", of_site(&open))).await);
    assert!(by_drive.iter().any(|item| item["name"] == "Charter.docx"));
    let (_, root) = caller.get("/me/drive/items/root").await;
    let own = root["parentReference"]["driveId"].as_str().unwrap();
    assert_eq!(narrow.get(&format!("/drives/{}/items/root/children", segment(own))).await.0, 200);
    let blair = Caller::at(&estate, BLAIR, &WIDE);
    let (_, foreign) = blair.get("/me/drive/items/root").await;
    let foreign = segment(foreign["parentReference"]["driveId"].as_str().unwrap());
    for (caller, url, expected) in [
        (&narrow, drive(&open), (403, "accessDenied")),
        (&caller, drive(&closed), (403, "accessDenied")),
        (&caller, of_site(&closed), (403, "accessDenied")),
        (&caller, format!("/drives/{foreign}"), (403, "accessDenied")),
        (&caller, format!("/drives/b%21{}", "A".repeat(64)), (404, "itemNotFound")),
        (&caller, "/drives/..%2F..%2Fme".to_owned(), (400, "invalidRequest")),
        (&caller, "/sites/contoso.sharepoint.com%2C1%2C2/drive".to_owned(), (404, "itemNotFound")),
        (&caller, "/sites/x/drive".to_owned(), (400, "invalidRequest")),
    ] {
        let refused = caller.refusal(&format!("{url}/items/root/children")).await;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{url}");
    }
}

#[tokio::test]
async fn putting_by_name_replaces_and_by_id_minds_the_version() {
    let caller = wide();
    let url = "/me/drive/items/root:/Plan%20%231.txt:/content";
    let made = put(&caller, url, "one", None).await;
    assert_eq!(
        (made.0, made.1["size"].as_u64(), made.1["name"].as_str()),
        (201, Some(3), Some("Plan #1.txt"))
    );
    let again = put(&caller, url, "two!", None).await;
    assert_eq!((again.0, &again.1["id"], again.1["size"].as_u64()), (200, &made.1["id"], Some(4)));
    let content = format!("/me/drive/items/{}/content", made.1["id"].as_str().unwrap());
    let old = made.1["eTag"].as_str().unwrap();
    let new = again.1["eTag"].as_str().unwrap();
    assert_eq!(code(&put(&caller, &content, "x", Some(old)).await), (412, "resourceModified"));
    assert_eq!(put(&caller, &content, "three", Some(new)).await.0, 200);
    let address = address_of(&caller, &content).await;
    assert_eq!(fetch(&caller, PERSONAL, &address).await.body.as_ref(), b"three");
    let names: Vec<Value> =
        caller.walk("/me/drive/root/children").await.iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names.iter().filter(|name| **name == "Plan #1.txt").count(), 1);
    let locked = id_of(&caller, "/me/drive", "roadmap.md").await;
    assert_eq!(
        code(&put(&caller, &format!("/me/drive/items/{locked}/content"), "x", None).await),
        (423, "resourceLocked")
    );
    let folder = id_of(&caller, "/me/drive", "Contracts").await;
    assert_eq!(put(&caller, &format!("/me/drive/items/{folder}/content"), "x", None).await.0, 400);
    assert_eq!(put(&caller, "/me/drive/items/root:/a%3Ab.txt:/content", "x", None).await.0, 400);
    let large = "x".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(put(&caller, "/me/drive/items/root:/large.txt:/content", &large, None).await.0, 413);
}

/// Opens a session for `name` in the root of the own drive.
async fn session(caller: &Caller, name: &str, behavior: &str) -> String {
    let url = format!("/me/drive/items/root:/{}:/createUploadSession", segment(name));
    let body = json!({"item": {"@microsoft.graph.conflictBehavior": behavior, "name": name}});
    let (status, opened) = caller.post(&url, body).await;
    assert_eq!(status, 200, "{opened}");
    opened["uploadUrl"].as_str().unwrap().to_owned()
}

async fn part(caller: &Caller, address: &str, range: &str, bytes: Vec<u8>) -> (u16, Value) {
    let headers = [("content-range", range.to_owned())];
    shown(&at_host(caller, PERSONAL, address, Method::PUT, &headers, bytes.into()).await)
}

#[tokio::test]
async fn a_session_takes_its_parts_in_order_and_in_multiples_and_once() {
    let caller = wide();
    let address = session(&caller, "big.txt", "fail").await;
    assert!(address.contains(CANARY), "{address}");
    let total = 2 * PART + 5;
    let first = format!("bytes 0-{}/{total}", PART - 1);
    for (range, length, status) in [
        (format!("bytes 0-99/{total}"), 100, 400),
        (format!("bytes 0-{}/{total}", PART - 1), PART - 1, 400),
        (format!("bytes {PART}-{}/{total}", 2 * PART - 1), PART, 416),
    ] {
        assert_eq!(part(&caller, &address, &range, vec![b'x'; length]).await.0, status, "{range}");
    }
    let next = part(&caller, &address, &first, vec![b'a'; PART]).await;
    assert_eq!((next.0, &next.1["nextExpectedRanges"]), (202, &json!([format!("{PART}-")])));
    assert_eq!(part(&caller, &address, &first, vec![b'a'; PART]).await.0, 416);
    let second = format!("bytes {PART}-{}/{total}", 2 * PART - 1);
    assert_eq!(part(&caller, &address, &second, vec![b'b'; PART]).await.0, 202);
    let last = format!("bytes {}-{}/{total}", 2 * PART, total - 1);
    let (status, item) = part(&caller, &address, &last, b"tail!".to_vec()).await;
    assert_eq!((status, item["size"].as_u64()), (201, u64::try_from(total).ok()));
    assert_eq!(part(&caller, &address, &last, b"tail!".to_vec()).await.0, 404);
    let token = [("authorization", "Bearer x".to_owned())];
    let address = session(&caller, "other.txt", "fail").await;
    assert_eq!(at_host(&caller, PERSONAL, &address, Method::PUT, &token, Bytes::new()).await.status, 401);
    caller.estate.clock.advance_secs(3600);
    assert_eq!(part(&caller, &address, "bytes 0-0/1", vec![b'x']).await.0, 404);
}

#[tokio::test]
async fn a_taken_name_is_refused_renamed_or_replaced_as_was_asked() {
    let caller = wide();
    for (behavior, status, name) in
        [("fail", 409, None), ("rename", 201, Some("notes 1.txt")), ("replace", 200, Some("notes.txt"))]
    {
        let address = session(&caller, "notes.txt", behavior).await;
        let (found, item) = part(&caller, &address, "bytes 0-1/2", b"hi".to_vec()).await;
        assert_eq!((found, item["name"].as_str()), (status, name), "{behavior}: {item}");
    }
    let url = "/me/drive/items/root:/x.txt:/createUploadSession";
    for body in [
        json!({"item": {"@microsoft.graph.conflictBehavior": "merge"}}),
        json!({"item": {"name": "y.txt"}}),
        json!({"items": {}}),
        json!({"item": {"nme": "x.txt"}}),
    ] {
        assert_eq!(caller.post(url, body.clone()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn links_are_for_the_organisation_and_kept() {
    let caller = wide();
    let id = id_of(&caller, "/me/drive", "launch notes.md").await;
    let url = format!("/me/drive/items/{id}/createLink");
    let (status, made) = caller.post(&url, json!({"type": "view", "scope": "organization"})).await;
    assert_eq!(
        (status, &made["roles"], &made["link"]["scope"]),
        (201, &json!(["read"]), &json!("organization"))
    );
    let links = caller.estate.graph.collection(&caller.estate, "links", Some(ALEX)).unwrap();
    assert_eq!((links.len(), &links[0]["itemId"]), (1, &json!(id)));
    for (body, expected) in [
        (json!({"type": "view", "scope": "anonymous"}), (403, "notAllowed")),
        (json!({"type": "embed", "scope": "organization"}), (400, "invalidRequest")),
        (
            json!({"type": "view", "scope": "organization", "expirationDateTime": "2020-01-01T00:00:00Z"}),
            (400, "invalidRequest"),
        ),
        (json!({"type": "view", "scope": "organization", "recipient": "x"}), (400, "RequestBodyRead")),
    ] {
        assert_eq!(code(&caller.post(&url, body.clone()).await), expected, "{body}");
    }
    let (read_only, no_sharing) = (site(&caller, "HR policies"), site(&caller, "Legal hold"));
    for (site, expected) in [(read_only, (403, "accessDenied")), (no_sharing, (403, "notAllowed"))] {
        let drive = format!("/sites/{}/drive", segment(site["id"].as_str().unwrap()));
        let url = format!("{drive}/items/{}/createLink", id_of(&caller, &drive, "readme.txt").await);
        let answer = caller.post(&url, json!({"type": "view", "scope": "organization"})).await;
        assert_eq!(code(&answer), expected, "{}", site["displayName"]);
    }
}

#[tokio::test]
async fn sites_are_found_by_name_and_closed_ones_are_not() {
    let caller = wide();
    let found = caller.walk("/sites?search=northwind&$top=1&$select=id,displayName,webUrl").await;
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|site| site.as_object().unwrap().len() == 3));
    assert!(caller.walk("/sites?search=board").await.is_empty());
    assert_eq!(caller.refusal("/sites").await, (400, "invalidRequest".to_owned()));
    assert_eq!(caller.refusal("/sites?search=x&$select=nme").await.0, 400);
    assert_eq!(Caller::new().refusal("/sites?search=x").await, (403, "accessDenied".to_owned()));
}

#[tokio::test]
async fn rows_come_with_the_columns_that_are_asked_for() {
    let caller = wide();
    let site = site(&caller, "Northwind launch");
    let list = format!(
        "/sites/{}/lists/{}/items",
        segment(site["id"].as_str().unwrap()),
        site["lists"][0]["id"].as_str().unwrap()
    );
    let all = caller.walk(&format!("{list}?$expand=fields&$top=100")).await;
    assert_eq!(all.len(), 260);
    assert!(all[0]["fields"]["Title"].is_string() && all[0]["fields"]["Owner"].is_array());
    let (_, some) = caller
        .get(&format!("{list}?$expand=fields($select=Title,Effort)&$select=id,eTag,webUrl&$top=2"))
        .await;
    let row = &some["value"][0];
    assert_eq!(
        row["fields"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["@odata.etag", "Title", "Effort"]
    );
    assert_eq!(row.as_object().unwrap().len(), 4);
    let (_, bare) = caller.get(&format!("{list}?$top=1")).await;
    assert!(bare["value"][0].get("fields").is_none());
    for query in [
        "$expand=columns",
        "$expand=fields($filter=x)",
        "$filter=fields/Title%20eq%20'x'",
        "$orderby=id",
        "$skip=1",
    ] {
        assert_eq!(caller.refusal(&format!("{list}?{query}")).await.0, 400, "{query}");
    }
    let gone = format!("/sites/{}/lists/gone/items", segment(site["id"].as_str().unwrap()));
    assert_eq!(caller.refusal(&gone).await, (404, "itemNotFound".to_owned()));
}

async fn search(caller: &Caller, kinds: &[&str], text: &str) -> (u16, Value) {
    let request = json!({"entityTypes": kinds, "query": {"queryString": text}, "from": 0, "size": 25});
    caller.post("/search/query", json!({"requests": [request]})).await
}

#[tokio::test]
async fn a_search_finds_what_the_caller_may_open_and_marks_the_match() {
    let scopes = [&WIDE[..], &["Calendars.Read", "Chat.Read", "ChannelMessage.Read.All"]].concat();
    let caller = Caller::at(&estate(), ALEX, &scopes);
    for (kinds, text) in [
        (&["message"][..], "launch"),
        (&["event"], "*"),
        (&["chatMessage"], "budget"),
        (&["driveItem"], "filetype:docx"),
        (&["driveItem", "site", "list", "listItem"], "launch"),
    ] {
        let (status, found) = search(&caller, kinds, text).await;
        let container = &found["value"][0]["hitsContainers"][0];
        let hits = container["hits"].as_array().unwrap();
        assert!(status == 200 && !hits.is_empty(), "{kinds:?} {text}: {found}");
        let kind = |hit: &Value| {
            hit["resource"]["@odata.type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()
        };
        assert!(hits.iter().all(|hit| kinds.contains(&kind(hit).as_str())), "{kinds:?}");
        assert!(!found.to_string().contains("tempauth"), "{kinds:?}");
    }
    let (_, notes) = search(&caller, &["driveItem"], "folder").await;
    let summaries = notes["value"][0]["hitsContainers"][0]["hits"].to_string();
    assert!(summaries.contains("<c0>folder</c0>"), "{summaries}");
    let (_, board) = search(&caller, &["listItem", "site", "list"], "resolutions").await;
    assert_eq!(board["value"][0]["hitsContainers"][0]["total"], 0);
}

#[tokio::test]
async fn a_search_that_graph_refuses_is_refused() {
    let caller = wide();
    for (kinds, text, status) in [
        (&["message", "event"][..], "x", 400),
        (&["message", "driveItem"], "x", 400),
        (&["person"], "x", 400),
        (&[], "x", 400),
        (&["message"], " ", 400),
        (&["event"], "x", 403),
        (&["chatMessage"], "x", 403),
    ] {
        assert_eq!(search(&caller, kinds, text).await.0, status, "{kinds:?}");
    }
    let request = |more: Value| {
        let mut request = json!({"entityTypes": ["message"], "query": {"queryString": "x"}});
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        request
    };
    for body in [
        json!({"requests": [request(json!({"size": 26}))]}),
        json!({"requests": [request(json!({"from": -1}))]}),
        json!({"requests": [request(json!({"filter": "x"}))]}),
        json!({"requests": [request(json!({})), request(json!({}))]}),
        json!({"requests": []}),
        json!({}),
    ] {
        assert_eq!(caller.post("/search/query", body.clone()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn who_can_open_an_item_is_told_with_what_comes_from_above() {
    let caller = wide();
    let granted = async |url: String| caller.get(&url).await.1["value"].as_array().unwrap().clone();
    let own = id_of(&caller, "/me/drive", "Contracts").await;
    let own = granted(format!("/me/drive/items/{own}/permissions")).await;
    assert_eq!((own.len(), &own[0]["roles"]), (1, &json!(["owner"])));
    let photos = id_of(&caller, "/me/drive", "Photos").await;
    let shared = granted(format!("/me/drive/items/{photos}/permissions")).await;
    assert_eq!(shared.len(), 3);
    let user = &shared[1]["grantedToV2"]["siteUser"];
    assert_eq!(user["loginName"], "i:0#.f|membership|guus.visser_fabrikam.example#ext#@contoso.example");
    let (status, picture) = caller.get(&format!("/me/drive/items/{photos}:/whiteboard.JPG")).await;
    assert_eq!((status, &picture["name"]), (200, &json!("Whiteboard.jpg")));
    let below = picture["id"].as_str().unwrap();
    let inherited = granted(format!("/me/drive/items/{below}/permissions")).await;
    assert_eq!((inherited.len(), &inherited[1]["inheritedFrom"]["id"]), (3, &json!(photos)));
    assert_eq!(
        code(&caller.get(&format!("/me/drive/items/{photos}:/none.jpg")).await),
        (404, "itemNotFound")
    );
}

#[tokio::test]
async fn a_link_that_was_made_is_a_permission_once() {
    let caller = wide();
    let id = id_of(&caller, "/me/drive", "notes.txt").await;
    for _ in 0..2 {
        let link = json!({ "type": "view", "scope": "organization" });
        assert_eq!(caller.post(&format!("/me/drive/items/{id}/createLink"), link).await.0, 201);
    }
    let (_, list) = caller.get(&format!("/me/drive/items/{id}/permissions")).await;
    let list = list["value"].as_array().unwrap();
    assert_eq!((list.len(), &list[1]["link"]["scope"]), (2, &json!("organization")));
}

#[tokio::test]
async fn the_drive_of_a_site_shows_the_groups_of_the_site() {
    let caller = wide();
    let site = segment(site(&caller, "Northwind launch")["id"].as_str().unwrap());
    let (status, list) = caller.get(&format!("/sites/{site}/drive/items/root/permissions")).await;
    assert_eq!(
        (status, &list["value"][0]["grantedToV2"]["siteGroup"]["displayName"]),
        (200, &json!("Members"))
    );
}
