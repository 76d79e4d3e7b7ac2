//! The drive: its items, what is refused, and the URL that is a credential.

use super::*;

const DOWNLOAD_URL: &str = "@microsoft.graph.downloadUrl";
/// What the credential of every download begins with.
const CANARY: &str = "tempauth=v1.eyJjYW5hcnkiOiJkb3dubG9hZFVy";

async fn children(caller: &Caller) -> Vec<Value> {
    caller.walk("/me/drive/root/children").await
}

fn named<'a>(items: &'a [Value], name: &str) -> &'a Value {
    items.iter().find(|item| item["name"] == name).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn every_item_of_the_root_is_found_by_its_id_with_the_same_properties() {
    let caller = Caller::new();
    let items = children(&caller).await;
    assert!(items.len() >= 12, "{}", items.len());
    for item in &items {
        let id = text(&item["id"]);
        let (status, mut found) = caller.get(&format!("/me/drive/items/{}", segment(id))).await;
        let context = found.as_object_mut().unwrap().remove("@odata.context").unwrap();
        assert_eq!((status, &found), (200, item));
        assert!(text(&context).ends_with("/drive/items/$entity"), "{context}");
        assert!(id.starts_with("01") && id.len() == 34, "{id}");
    }
    let (_, root) = caller.get("/me/drive/items/root").await;
    assert_eq!(root["folder"]["childCount"].as_u64(), u64::try_from(items.len()).ok());
    assert!(items.iter().all(|item| item["parentReference"]["id"] == root["id"]));
}

#[tokio::test]
async fn items_are_files_folders_and_a_notebook_of_several_hands() {
    let items = children(&Caller::new()).await;
    let folder = named(&items, "Contracts");
    assert_eq!(
        (folder["folder"]["childCount"].as_u64(), folder["size"].as_u64()),
        (Some(3), Some(37_533 + 2 * 22_964))
    );
    assert!(folder.get("file").is_none() && folder.get(DOWNLOAD_URL).is_none());
    let sheet = named(&items, "Budget 2027.xlsx");
    assert_eq!(
        sheet["file"]["mimeType"],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    assert_eq!(sheet["createdBy"]["user"]["email"], ALEX);
    assert_ne!(sheet["lastModifiedBy"], sheet["createdBy"]);
    assert!(text(&sheet["eTag"]).starts_with("\"{") && text(&sheet["cTag"]).starts_with("\"c:{"));
    assert_eq!(
        sheet["webUrl"],
        "https://contoso-my.sharepoint.example/personal/alex_contoso_example/Documents/Budget%202027.xlsx"
    );
    let notebook = named(&items, "Notebook of the team");
    assert_eq!(notebook["package"]["type"], "oneNote");
    assert!(notebook.get("file").is_none() && notebook.get("folder").is_none());
    assert_eq!(
        named(&items, "contacts export.csv")["createdBy"]["application"]["displayName"],
        "Power Automate"
    );
    assert!(
        items.iter().any(|item| text(&item["name"]).contains('\u{200B}')),
        "a name with hidden characters"
    );
    assert!(items.iter().any(|item| item["createdBy"]["user"].get("email").is_none()), "a guest");
}

#[tokio::test]
async fn a_file_carries_its_download_credential_whatever_is_selected() {
    let caller = Caller::new();
    for query in ["", "?$select=id,name,file", "?$select=id,name,file,@microsoft.graph.downloadUrl"] {
        let items = caller.walk(&format!("/me/drive/root/children{query}")).await;
        for item in &items {
            assert_eq!(item.get("file").is_some(), item.get(DOWNLOAD_URL).is_some(), "{item}");
        }
        let urls = items.iter().filter_map(|item| item.get(DOWNLOAD_URL)).map(text);
        assert!(urls.inspect(|url| assert!(url.contains(CANARY), "{url}")).count() > 10);
    }
    let narrow = children(&caller).await;
    let url = format!("/me/drive/items/{}?$select=name,webUrl", segment(text(&narrow[0]["id"])));
    let (_, folder) = caller.get(&url).await;
    let names: Vec<&str> = folder.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["@odata.context", "name", "webUrl"]);
}

#[tokio::test]
async fn the_root_pages_by_skip_token_orders_and_filters() {
    let caller = Caller::new();
    let all = children(&caller).await;
    let (_, first) = caller.get("/me/drive/root/children?$top=5").await;
    assert_eq!(first["@odata.count"].as_u64(), u64::try_from(all.len()).ok());
    assert!(text(&first["@odata.nextLink"]).contains("%24skiptoken="));
    assert_eq!(caller.walk("/me/drive/root/children?$top=5").await, all);
    let ordered = caller.walk("/me/drive/root/children?$orderby=size%20desc&$top=7").await;
    assert!(ordered.is_sorted_by(|a, b| a["size"].as_u64() >= b["size"].as_u64()));
    let notes = caller.walk("/me/drive/root/children?$filter=name%20eq%20'notes.txt'").await;
    assert_eq!(notes.len(), 1);
}

#[tokio::test]
async fn what_the_drive_does_not_know_is_refused_in_its_own_words() {
    let caller = Caller::new();
    let whole = "01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WU2";
    for (url, status, code) in [
        (format!("/me/drive/items/{whole}"), 404, "itemNotFound"),
        ("/me/drive/items/gone".to_owned(), 404, "itemNotFound"),
        ("/me/drive/items/..%2F..%2Fusers".to_owned(), 400, "invalidRequest"),
        ("/me/drive/root/children?$skip=2".to_owned(), 400, "invalidRequest"),
        ("/me/drive/root/children?$count=true".to_owned(), 400, "invalidRequest"),
        ("/me/drive/root/children?$select=nme".to_owned(), 400, "RequestBroker--ParseUri"),
        ("/me/drive/items/root?$expand=children".to_owned(), 400, "invalidRequest"),
        ("/me/drive/root".to_owned(), 400, "BadRequest"),
    ] {
        assert_eq!(caller.refusal(&url).await, (status, code.to_owned()), "{url}");
    }
    let (_, gone) = caller.get(&format!("/me/drive/items/{whole}")).await;
    assert_eq!(gone["error"]["message"], "The resource could not be found.");
    let without = Caller::at(&caller.estate, ALEX, &["Mail.Read", "User.Read"]);
    assert_eq!(without.refusal("/me/drive/items/root").await, (403, "accessDenied".to_owned()));
    for wider in ["Files.ReadWrite", "Files.Read.All", "Sites.Read.All"] {
        let caller = Caller::at(&caller.estate, ALEX, &[wider]);
        assert_eq!(caller.get("/me/drive/items/root").await.0, 200, "{wider}");
    }
}

#[tokio::test]
async fn the_file_of_another_person_is_not_found() {
    let caller = Caller::new();
    let blair = Caller::at(&caller.estate, BLAIR, &ALL_SCOPES);
    let foreign = children(&blair).await;
    assert!(ids(&foreign).is_disjoint(&ids(&children(&caller).await)));
    let url = format!("/me/drive/items/{}", segment(text(&foreign[0]["id"])));
    assert_eq!(caller.refusal(&url).await, (404, "itemNotFound".to_owned()));
}

#[tokio::test]
async fn a_throttled_drive_shows_its_budget_and_its_inner_codes() {
    let caller = Caller::new();
    caller.fail(Fault::RateLimit, 1);
    let refused = caller.send(Method::GET, "/me/drive/root/children", None).await.unwrap();
    let header = |name: &str| refused.headers[name].to_str().unwrap();
    assert_eq!(
        (refused.status.as_u16(), header("retry-after"), header("ratelimit-limit")),
        (429, "41", "1250")
    );
    let (_, body) = shown(&refused);
    assert_eq!(body["error"]["code"], "activityLimitReached");
    assert_eq!(body["error"]["innerError"]["code"], "throttledRequest");
    assert_eq!(body["error"]["innerError"]["innerError"]["code"], "quota");
}
