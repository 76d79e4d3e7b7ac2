use http::header::IF_MATCH;
use http::{HeaderMap, HeaderName};

use super::*;

fn caller() -> Caller {
    Caller::at(&estate(), ALEX, &["Tasks.ReadWrite"])
}

async fn lists(caller: &Caller) -> Vec<Value> {
    caller.get("/me/todo/lists").await.1["value"].as_array().unwrap().clone()
}

fn default_list(lists: &[Value]) -> String {
    let is_it = |list: &&Value| list["wellknownListName"] == "defaultList";
    segment(lists.iter().find(is_it).unwrap()["id"].as_str().unwrap())
}

#[tokio::test]
async fn tasks_are_paged_and_filtered_by_their_state() {
    let caller = caller();
    let list = default_list(&lists(&caller).await);
    let all = caller.walk(&format!("/me/todo/lists/{list}/tasks")).await;
    assert_eq!((all.len(), ids(&all).len()), (70, 70));
    let open =
        caller.walk(&format!("/me/todo/lists/{list}/tasks?$filter=status ne 'completed'&$top=50")).await;
    assert_eq!(open.len(), all.iter().filter(|task| task["status"] != "completed").count());
    assert!(open.len() > 50 && open.len() < 70, "{}", open.len());
    for wrong in ["$filter=state ne 'completed'", "$select=subject", "$search=x", "$top=0"] {
        assert_eq!(caller.get(&format!("/me/todo/lists/{list}/tasks?{wrong}")).await.0, 400, "{wrong}");
    }
    assert_eq!(caller.refusal("/me/todo/lists/nonsense/tasks").await.1, "ErrorInvalidIdMalformed");
    let other = Caller::at(&caller.estate, BLAIR, &["Tasks.Read"]);
    let refused = other.refusal(&format!("/me/todo/lists/{list}/tasks")).await;
    assert_eq!(refused, (404, "ErrorItemNotFound".to_owned()), "a list of somebody else");
}

#[tokio::test]
async fn a_new_task_keeps_its_day_as_midnight_of_its_zone() {
    let caller = caller();
    let list = default_list(&lists(&caller).await);
    let url = format!("/me/todo/lists/{list}/tasks");
    let due = json!({ "dateTime": "2026-11-25T00:00:00", "timeZone": "Europe/Berlin" });
    let (status, made) = caller.post(&url, json!({ "title": "Call", "dueDateTime": due })).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["dueDateTime"], json!({ "dateTime": "2026-11-24T23:00:00.0000000", "timeZone": "UTC" }));
    assert_eq!((&made["status"], &made["importance"]), (&json!("notStarted"), &json!("normal")));
    assert_eq!(caller.walk(&url).await.len(), 71);
    for wrong in [
        json!({}),
        json!({ "title": " " }),
        json!({ "title": "x", "due": "2026-11-25" }),
        json!({ "title": "x", "importance": "urgent" }),
        json!({ "title": "x", "dueDateTime": { "dateTime": "2026-11-25T00:00:00", "timeZone": "Mars" } }),
        json!({ "title": "x", "dueDateTime": { "dateTime": "soon", "timeZone": "UTC" } }),
    ] {
        assert_eq!(caller.post(&url, wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(caller.walk(&url).await.len(), 71);
    let reader = Caller::at(&caller.estate, ALEX, &["Tasks.Read"]);
    assert_eq!(reader.post(&url, json!({ "title": "x" })).await.0, 403);
}

async fn patch(
    caller: &Caller,
    id: &str,
    body: &Value,
    headers: &[(HeaderName, &str)],
) -> (u16, Value, HeaderMap) {
    let mut request = caller.request(Method::PATCH, &format!("/planner/tasks/{id}"), Some(body));
    for (name, value) in headers {
        request.headers.insert(name.clone(), value.parse().unwrap());
    }
    let response = caller.estate.graph.handle(&caller.estate, request).await.unwrap();
    let (status, body) = shown(&response);
    (status, body, response.headers)
}

#[tokio::test]
async fn a_change_names_the_version_it_is_made_to() {
    let caller = caller();
    let all = caller.walk("/me/planner/tasks?$select=id,title,percentComplete").await;
    assert_eq!((all.len(), ids(&all).len()), (130, 130));
    let (id, tag) = (all[0]["id"].as_str().unwrap(), all[0]["@odata.etag"].as_str().unwrap());
    let half = json!({ "percentComplete": 50 });
    let (status, refused, _) = patch(&caller, id, &half, &[]).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("")));
    let (status, refused, _) = patch(&caller, id, &half, &[(IF_MATCH, "W/\"other\"")]).await;
    assert_eq!((status, &refused["error"]["code"]), (412, &json!("")));
    let (status, nothing, _) = patch(&caller, id, &half, &[(IF_MATCH, tag)]).await;
    assert_eq!((status, nothing), (204, Value::Null));
    let (status, _, _) = patch(&caller, id, &half, &[(IF_MATCH, tag)]).await;
    assert_eq!(status, 412, "the version of before");
    let (_, task) = caller.get(&format!("/planner/tasks/{id}")).await;
    assert_eq!(task["percentComplete"], 50);
    let tag = task["@odata.etag"].as_str().unwrap();
    let asked = [(IF_MATCH, tag), (HeaderName::from_static("prefer"), "return=representation")];
    let (status, task, headers) = patch(&caller, id, &json!({ "title": "New" }), &asked).await;
    assert_eq!((status, &task["title"]), (200, &json!("New")));
    assert_eq!(headers["preference-applied"], "return=representation");
}

#[tokio::test]
async fn what_planner_does_not_know_it_refuses_without_a_code() {
    let caller = caller();
    let all = caller.walk("/me/planner/tasks").await;
    let (id, tag) = (all[0]["id"].as_str().unwrap(), all[0]["@odata.etag"].as_str().unwrap());
    for wrong in [
        json!({ "percentComplete": 101 }),
        json!({ "percentComplete": "half" }),
        json!({ "title": "" }),
        json!({ "dueDateTime": "tomorrow" }),
        json!({ "status": "completed" }),
    ] {
        assert_eq!(patch(&caller, id, &wrong, &[(IF_MATCH, tag)]).await.0, 400, "{wrong}");
    }
    assert_eq!(caller.refusal("/planner/tasks/nobody").await, (404, String::new()));
    let other = Caller::at(&caller.estate, BLAIR, &["Tasks.ReadWrite"]);
    assert_eq!(other.refusal(&format!("/planner/tasks/{id}")).await.0, 404, "a task of somebody else");
    for wrong in ["$top=5", "$filter=percentComplete eq 0", "$orderby=title", "$select=name"] {
        assert_eq!(caller.get(&format!("/me/planner/tasks?{wrong}")).await.0, 400, "{wrong}");
    }
    caller.fail(Fault::Status { status: 412 }, 1);
    assert_eq!(caller.refusal("/me/planner/tasks").await, (412, String::new()));
}

#[tokio::test]
async fn one_list_and_the_plan_of_a_task_are_told() {
    let caller = caller();
    for list in lists(&caller).await {
        let (status, one) =
            caller.get(&format!("/me/todo/lists/{}", segment(list["id"].as_str().unwrap()))).await;
        assert_eq!(
            (status, &one["isShared"], &one["displayName"]),
            (200, &list["isShared"], &list["displayName"])
        );
    }
    let task = caller.walk("/me/planner/tasks").await.remove(0);
    let plan = task["planId"].as_str().unwrap();
    let (status, plan) = caller.get(&format!("/planner/plans/{plan}?$select=title,container,owner")).await;
    assert_eq!(
        (status, &plan["title"], &plan["container"]["type"]),
        (200, &json!("Northwind Launch"), &json!("group"))
    );
    assert_eq!(caller.get("/planner/plans/none").await.0, 404);
}
