//! The tools of people of the organisation.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Settings;
use super::tools::INVISIBLE;
use crate::json::Look as _;
use crate::oauth::challenge;
use crate::session::{Session, at_once};
use crate::site::Site;

table! { "directory_tools":
    shared search_users_asks_the_directory_as_it_wants_to_be_asked,
    shared names_with_quotes_and_umlauts_are_found_and_never_leave_their_clause,
    shared a_search_finds_no_middle_of_a_word_and_says_so,
    shared every_hit_in_the_directory_is_seen_once,
    shared names_that_others_wrote_are_cleaned_and_framed,
    shared get_user_takes_an_id_or_a_principal_name,
    shared get_manager_tells_who_it_is_that_there_is_none_and_that_nobody_is_there,
    shared direct_reports_are_one_s_own_or_somebody_else_s,
    shared every_direct_report_is_seen_once,
    shared group_members_show_guests_and_groups,
    shared every_group_member_is_seen_once,
    shared(READ_ONLY) where_reads_alone_are_offered_no_administrator_is_needed,
    shared the_state_of_the_sign_in_says_which_tools_lack_what,
    shared each_directory_tool_needs_its_own_permission,
    shared what_the_directory_refuses_is_told_with_its_remedy,
    shared no_argument_of_a_directory_tool_leaves_its_segment_or_its_range,
    shared a_look_into_the_directory_is_recorded,
}

const READ_ONLY: Settings = &[("PROFILE", "read-only")];

/// Somebody of the directory whose name or address holds this.
fn somebody(session: &Session<'_>, part: &str) -> Result<Value> {
    let users = session.site.control.graph("users", &session.person.email)?;
    let holds = |user: &&Value| {
        ["/displayName", "/mail"]
            .iter()
            .any(|at| user.at(at).as_str().is_some_and(|text| text.contains(part)))
    };
    users.iter().find(holds).cloned().with_context(|| format!("nobody with {part}"))
}

fn ids(list: &[Value]) -> Result<Vec<String>> {
    list.iter().map(|item| Ok(item.text("/id")?.to_owned())).collect()
}

/// The ids on all pages.
fn walk(session: &Session<'_>, tool: &str, list: &str, arguments: &Value) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut arguments = arguments.clone();
    for _ in 0..20 {
        let reply = session.tool(tool, &arguments)?;
        let page = ids(reply.content()?.list(list)?)?;
        ensure!(page.len() <= 50, "{} items on one page", page.len());
        seen.extend(page);
        match reply.content()?.get("nextCursor") {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return Ok(seen),
        }
    }
    anyhow::bail!("{tool} never ends: {} items", seen.len())
}

fn expect_each_once(seen: &[String], known: &BTreeSet<String>) -> Result<()> {
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    ensure!(distinct.len() == seen.len(), "{} of {} came again", seen.len() - distinct.len(), seen.len());
    ensure!(&distinct == known, "{} were seen of {}", distinct.len(), known.len());
    ensure!(known.len() > 100, "{} fit on two pages", known.len());
    Ok(())
}

fn search_users_asks_the_directory_as_it_wants_to_be_asked(site: &Site) -> Result<()> {
    let session = Session::open(site, "search-users")?;
    let megan = somebody(&session, "Megan Bowen")?;
    let reply = session.tool("searchUsers", &json!({ "query": "bowen megan", "count": 5 }))?;
    let users = reply.content()?.list("/users")?;
    ensure!(
        users == [json!({ "id": megan.at("/id"), "name": "Megan Bowen", "mail": megan.at("/mail") })],
        "{}",
        reply.answer
    );
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/users", "{}", call.line());
    for (option, value) in [
        ("$search", r#""displayName:bowen megan" OR "mail:bowen megan""#),
        ("$count", "true"),
        ("$top", "5"),
        ("$select", "id,displayName,mail,userPrincipalName"),
    ] {
        ensure!(call.option(option).as_deref() == Some(value), "{option}: {:?}", call.0);
    }
    ensure!(call.header("consistencylevel") == Some("eventual"), "{:?}", call.0);
    Ok(())
}

fn names_with_quotes_and_umlauts_are_found_and_never_leave_their_clause(site: &Site) -> Result<()> {
    let session = Session::open(site, "odd-names")?;
    for (query, part) in [
        ("Patrick \"Paddy\"", "Paddy"),
        ("O'Neil", "Paddy"),
        ("p.o'neil@", "Paddy"),
        ("Müller", "Henrietta"),
        ("ångström", "Zoë"),
        ("Jörg-Peter", "Straße"),
        ("visser", "Guus"),
    ] {
        let wanted = somebody(&session, part)?;
        let reply = session.tool("searchUsers", &json!({ "query": query }))?;
        let found = ids(reply.content()?.list("/users")?)?;
        ensure!(found.iter().any(|id| wanted.at("/id") == id.as_str()), "{query}: {}", reply.answer);
    }
    for query in ["x\" OR \"displayName:megan", "x\\\" OR \"mail:m", "x\\", "mail:megan", "a AND b OR c"] {
        let reply = session.tool("searchUsers", &json!({ "query": query }))?;
        ensure!(reply.content()?.list("/users")?.is_empty(), "{query} left its clause: {}", reply.answer);
        let search = session.last_graph_request()?.option("$search").unwrap_or_default();
        ensure!(search.matches(" OR \"mail:").count() >= 1 && search.ends_with('"'), "{query}: {search}");
    }
    Ok(())
}

fn a_search_finds_no_middle_of_a_word_and_says_so(site: &Site) -> Result<()> {
    let session = Session::open(site, "middle")?;
    let reply = session.tool("searchUsers", &json!({ "query": "egan" }))?;
    ensure!(reply.content()?.list("/users")?.is_empty(), "{}", reply.answer);
    let text = reply.success()?.text("/content/0/text")?;
    ensure!(text.contains("whole words") && text.contains("middle"), "{text}");
    Ok(())
}

fn every_hit_in_the_directory_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-users")?;
    let users = site.control.graph("users", &session.person.email)?;
    let trainees = users
        .iter()
        .filter(|user| user.at("/displayName").as_str().is_some_and(|name| name.starts_with("Trainee ")));
    let known = ids(&trainees.cloned().collect::<Vec<_>>())?.into_iter().collect();
    let seen = walk(&session, "searchUsers", "/users", &json!({ "query": "trainee", "count": 50 }))?;
    expect_each_once(&seen, &known)?;
    let last = session.last_graph_request()?;
    ensure!(last.header("consistencylevel") == Some("eventual"), "a later page: {:?}", last.0);
    ensure!(last.option("$skiptoken").is_some() && last.option("$search").is_some(), "{:?}", last.0);
    Ok(())
}

fn names_that_others_wrote_are_cleaned_and_framed(site: &Site) -> Result<()> {
    let session = Session::open(site, "odd-directory")?;
    for query in ["ignore", "zero"] {
        let reply = session.tool("searchUsers", &json!({ "query": query }))?;
        ensure!(!reply.content()?.list("/users")?.is_empty(), "{}", reply.answer);
        ensure!(reply.content()?.at("/untrusted") == true, "{}", reply.answer);
        let text = reply.result()?.text("/content/0/text")?;
        let (before, framed) = text.split_once("[begin ").context("a frame")?;
        ensure!(!before.to_lowercase().contains(query) && framed.to_lowercase().contains(query), "{text}");
        let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
        ensure!(!text.replace('\n', " ").contains(strange), "a hidden character reached the model: {text:?}");
    }
    Ok(())
}

fn get_user_takes_an_id_or_a_principal_name(site: &Site) -> Result<()> {
    let session = Session::open(site, "get-user")?;
    for part in ["Megan Bowen", "Guus Visser", "Paddy"] {
        let user = somebody(&session, part)?;
        for key in ["/id", "/userPrincipalName"] {
            let reply = session.tool("getUser", &json!({ "user": user.at(key) }))?;
            let content = reply.content()?;
            ensure!(content.at("/id") == user.at("/id"), "{}", reply.answer);
            ensure!(content.at("/office") == user.at("/officeLocation"), "{}", reply.answer);
            let call = session.last_graph_request()?;
            ensure!(
                call.path().split('/').count() == 4 && call.path().starts_with("/v1.0/users/"),
                "{}",
                call.line()
            );
            let select = "id,displayName,mail,userPrincipalName,officeLocation";
            ensure!(call.option("$select").as_deref() == Some(select), "{:?}", call.0);
        }
    }
    Ok(())
}

fn get_manager_tells_who_it_is_that_there_is_none_and_that_nobody_is_there(site: &Site) -> Result<()> {
    let person = site.person_with("manager", &json!({ "manager": "megan.bowen@contoso.example" }))?;
    let session = Session::of(site, person, None)?;
    let megan = somebody(&session, "Megan Bowen")?;
    let reply = session.tool("getManager", &json!({}))?;
    ensure!(reply.content()?.at("/manager/id") == megan.at("/id"), "{}", reply.answer);
    ensure!(reply.content()?.at("/manager/jobTitle") == megan.at("/jobTitle"), "{}", reply.answer);
    ensure!(session.last_graph_request()?.line() == "GET /v1.0/me/manager", "another request");
    let adele = session.tool("getManager", &json!({ "user": "adele.vance@contoso.example" }))?;
    ensure!(adele.content()?.at("/manager/id") == megan.at("/id"), "{}", adele.answer);
    let before = session.graph_requests()?.len();
    let none = session.tool("getManager", &json!({ "user": megan.at("/id") }))?;
    ensure!(none.content()?.at("/manager").is_null(), "{}", none.answer);
    ensure!(none.result()?.text("/content/0/text")?.contains("No manager"), "{}", none.answer);
    ensure!(session.graph_requests()?.len() == before + 2, "whether Megan exists was not asked");
    let nobody = session.tool("getManager", &json!({ "user": "nobody@contoso.example" }))?.failure()?;
    ensure!(nobody.contains("searchUsers"), "{nobody}");
    let own = Session::open(site, "no-manager")?.tool("getManager", &json!({}))?;
    ensure!(own.content()?.at("/manager").is_null(), "{}", own.answer);
    Ok(())
}

fn direct_reports_are_one_s_own_or_somebody_else_s(site: &Site) -> Result<()> {
    let lead = Session::open(site, "lead")?;
    ensure!(lead.tool("listDirectReports", &json!({}))?.content()?.list("/reports")?.is_empty(), "reports");
    let report = site.person_with("report", &json!({ "manager": lead.person.email }))?;
    let id = site.control.object_id(&report.email)?;
    let reply = lead.tool("listDirectReports", &json!({}))?;
    ensure!(ids(reply.content()?.list("/reports")?)? == [id], "{}", reply.answer);
    let call = lead.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/directReports", "{}", call.line());
    ensure!(call.option("$top").as_deref() == Some("50"), "{:?}", call.0);
    let heads = lead.tool("listDirectReports", &json!({ "user": "megan.bowen@contoso.example" }))?;
    let adele = somebody(&lead, "Adele Vance")?;
    let heads = ids(heads.content()?.list("/reports")?)?;
    ensure!(heads.iter().any(|id| adele.at("/id") == id.as_str()), "{heads:?}");
    Ok(())
}

fn every_direct_report_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-reports")?;
    let users = site.control.graph("users", &session.person.email)?;
    let trainees = users.iter().filter(|user| user.at("/jobTitle") == "Trainee");
    let known = ids(&trainees.cloned().collect::<Vec<_>>())?.into_iter().collect();
    let given = json!({ "user": "grady.archie@contoso.example" });
    expect_each_once(&walk(&session, "listDirectReports", "/reports", &given)?, &known)
}

fn group<'a>(groups: &'a [Value], name: &str) -> Result<&'a Value> {
    groups.iter().find(|group| group.at("/displayName") == name).with_context(|| format!("no group {name}"))
}

fn group_members_show_guests_and_groups(site: &Site) -> Result<()> {
    let session = Session::open(site, "group")?;
    let groups = site.control.graph("groups", &session.person.email)?;
    let launch = group(&groups, "Northwind Launch")?;
    let reply = session.tool("listGroupMembers", &json!({ "groupId": launch.at("/id") }))?;
    let members = reply.content()?.list("/members")?;
    let known: Vec<&str> = launch.strings("/memberIds");
    ensure!(ids(members)? == known, "{}", reply.answer);
    let guests = members.iter().filter(|member| member.at("/guest") == true);
    ensure!(guests.count() == 2, "{}", reply.answer);
    let nested: Vec<_> = members.iter().filter(|member| member.at("/kind") == "group").collect();
    ensure!(
        nested.len() == 1 && nested.iter().all(|one| one.at("/name") == "Night shift"),
        "{}",
        reply.answer
    );
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("GET /v1.0/groups/{}/members", launch.text("/id")?), "{}", call.line());
    let select = "id,displayName,mail,userPrincipalName,userType";
    ensure!(call.option("$select").as_deref() == Some(select), "{:?}", call.0);
    Ok(())
}

fn every_group_member_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "pages-group")?;
    let groups = site.control.graph("groups", &session.person.email)?;
    let everybody = group(&groups, "Everybody")?;
    let known = everybody.strings("/memberIds").into_iter().map(str::to_owned).collect();
    let given = json!({ "groupId": everybody.at("/id") });
    expect_each_once(&walk(&session, "listGroupMembers", "/members", &given)?, &known)
}

/// Entra grants this person what needs no administrator, and Graph shows of others what that allows.
fn where_reads_alone_are_offered_no_administrator_is_needed(site: &Site) -> Result<()> {
    let person = site.person_with("unadministered", &json!({ "adminConsent": false }))?;
    let session = Session::of(site, person, None)?;
    let reply = session.tool("listDirectReports", &json!({ "user": "grady.archie@contoso.example" }))?;
    let reports = reply.content()?.list("/reports")?;
    ensure!(reports.len() == 50, "{}", reply.answer);
    for report in reports {
        ensure!(report.text("/name")?.starts_with("Trainee") && report.get("jobTitle").is_none(), "{report}");
    }
    let offered = session.mcp.send("tools/list", &json!({}))?;
    let tools: Vec<&str> =
        offered.result()?.list("/tools")?.iter().filter_map(|tool| tool.at("/name").as_str()).collect();
    for (tool, is_offered) in [
        ("searchUsers", true),
        ("getUser", true),
        ("listDirectReports", true),
        ("getManager", false),
        ("listGroupMembers", false),
    ] {
        ensure!(tools.contains(&tool) == is_offered, "{tool}: {tools:?}");
    }
    let state = session.tool("authenticate", &json!({}))?;
    ensure!(
        state.content()?.list("/unavailable")?.is_empty(),
        "what is not offered is missed: {}",
        state.answer
    );
    Ok(())
}

/// What each tool of this family is called with, and the permission it needs.
fn rows() -> [(&'static str, Value, &'static str); 6] {
    [
        ("searchUsers", json!({ "query": "megan" }), "User.ReadBasic.All"),
        ("getUser", json!({ "user": "megan.bowen@contoso.example" }), "User.ReadBasic.All"),
        ("getManager", json!({}), "User.Read.All"),
        ("getManager", json!({ "user": "megan.bowen@contoso.example" }), "User.Read.All"),
        ("listDirectReports", json!({}), "User.Read"),
        (
            "listGroupMembers",
            json!({ "groupId": "00000000-0000-0000-0000-000000000000" }),
            "GroupMember.ReadBasic.All",
        ),
    ]
}

fn the_state_of_the_sign_in_says_which_tools_lack_what(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "state-words", "User.Read Tasks.Read")?;
    let state = session.tool("authenticate", &json!({}))?;
    let text = state.success()?.text("/content/0/text")?;
    for words in [
        "User.Read.All* (getManager)",
        "User.ReadBasic.All (searchUsers, getUser)",
        "Tasks.ReadWrite (createTask, updatePlannerTask)",
        "Only an administrator",
    ] {
        ensure!(text.contains(words), "{words} is not in {text}");
    }
    ensure!(!text.contains("listTasks") && text.len() < 4000, "{text}");
    let unavailable = state.content()?.strings("/unavailable");
    ensure!(
        unavailable.contains(&"listGroupMembers") && !unavailable.contains(&"listTasks"),
        "{unavailable:?}"
    );
    Ok(())
}

fn each_directory_tool_needs_its_own_permission(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "no-directory", "Mail.Read")?;
    for (tool, arguments, scope) in rows() {
        let refused = session.tool(tool, &arguments)?;
        refused.answer.expect(&[403])?;
        let wanted = challenge(&refused.answer, "scope").unwrap_or_default();
        ensure!(wanted.split(' ').any(|one| one == scope), "{tool} asks for {wanted}");
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without a permission");
    Ok(())
}

fn what_the_directory_refuses_is_told_with_its_remedy(site: &Site) -> Result<()> {
    let faults = [
        (json!({ "kind": "status", "status": 403 }), "permission"),
        (json!({ "kind": "status", "status": 404 }), "searchUsers"),
        (json!({ "kind": "status", "status": 400 }), "Check that each id"),
        (json!({ "kind": "rate_limit" }), "in 150 seconds"),
        (json!({ "kind": "malformed" }), "request id"),
    ];
    at_once(faults.len(), |number| {
        let (kind, words) = faults.get(number).context("a fault")?;
        let session = Session::open(site, "directory-fault")?;
        let mut fault = kind.as_object().cloned().context("an object")?;
        fault.insert("target".to_owned(), "graph".into());
        fault.insert("person".to_owned(), session.person.email.as_str().into());
        site.control.fault(&Value::Object(fault))?;
        for (tool, arguments, scope) in rows() {
            // One's own manager may be missing, and that is no failure.
            if arguments == json!({}) && tool == "getManager" && kind.at("/status") == 404 {
                continue;
            }
            let sentence =
                session.tool(tool, &arguments)?.failure().with_context(|| format!("{tool}: {kind}"))?;
            ensure!(sentence.contains(words), "{tool}: {kind} is told as: {sentence}");
            if kind.at("/status") == 403 {
                let administrator = ["User.Read.All", "GroupMember.ReadBasic.All"].contains(&scope);
                ensure!(sentence.contains(scope), "{tool}: {sentence}");
                ensure!(sentence.contains("Only an administrator") == administrator, "{tool}: {sentence}");
            }
        }
        Ok(())
    })
    .map(drop)
}

fn no_argument_of_a_directory_tool_leaves_its_segment_or_its_range(site: &Site) -> Result<()> {
    let session = Session::open(site, "directory-hostile")?;
    let long = "a".repeat(5000);
    for text in ["..", ".", "../me", "a?$select=x", "%2e%2e", "a\\b", "a b", "a\r\nX: y", "", &long, "ü"] {
        for (tool, argument) in [
            ("getUser", "user"),
            ("getManager", "user"),
            ("listDirectReports", "user"),
            ("listGroupMembers", "groupId"),
        ] {
            session
                .tool(tool, &json!({ argument: text }))?
                .expect_invalid(argument)
                .with_context(|| format!("{tool} {text:?}"))?;
        }
    }
    for (arguments, named) in [
        (json!({}), "query"),
        (json!({ "query": "" }), "query"),
        (json!({ "query": "\"" }), "query"),
        (json!({ "query": "a\nb" }), "query"),
        (json!({ "query": long }), "query"),
        (json!({ "query": ["a"] }), "query"),
        (json!({ "query": "a", "count": 0 }), "count"),
        (json!({ "query": "a", "count": -1 }), "count"),
        (json!({ "query": "a", "count": 1e9 }), "count"),
        (json!({ "query": "a", "count": "5" }), "count"),
    ] {
        session
            .tool("searchUsers", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    session.tool("getUser", &json!({}))?.expect_invalid("user")?;
    session.tool("listGroupMembers", &json!({ "groupId": 7 }))?.expect_invalid("groupId")?;
    session.tool("getUser", &json!({ "user": "a/b" }))?.expect_invalid("user")?;
    ensure!(session.graph_requests()?.is_empty(), "a refused argument reached Graph");
    // Other ids hold slashes, so this one goes out, as one segment.
    session.tool("listGroupMembers", &json!({ "groupId": "a/b" }))?.failure()?;
    ensure!(session.last_graph_request()?.path() == "/v1.0/groups/a%2Fb/members", "another path");
    Ok(())
}

fn a_look_into_the_directory_is_recorded(site: &Site) -> Result<()> {
    let session = Session::open(site, "directory-record")?;
    session.tool("getUser", &json!({ "user": "megan.bowen@contoso.example" }))?.content()?;
    let Some(records) = session.records()? else { return Ok(()) };
    let outcome = records.iter().rfind(|record| record.is("outcome", "done")).context("an outcome")?;
    ensure!(outcome.field("tool") == "getUser" && outcome.traces().len() == 1, "{outcome:?}");
    Ok(())
}
