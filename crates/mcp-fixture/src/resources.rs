//! Resources: three that are listed, and a template.

use m365_mcp::{Refusal, ResourceBody, ResourceContents, ResourceDescriptor, TemplateDescriptor};
use serde_json::json;

use crate::media;

/// The template.
pub(crate) const TEMPLATE: &str = "test://template/{id}/data";

/// One resource, and what it holds.
struct Resource {
    uri: &'static str,
    name: &'static str,
    description: &'static str,
    mime_type: &'static str,
    body: fn() -> ResourceBody,
}

const RESOURCES: [Resource; 3] = [
    Resource {
        uri: "test://static-text",
        name: "static-text",
        description: "A text that never changes.",
        mime_type: "text/plain",
        body: || ResourceBody::Text("This is the content of the static text resource.".to_owned()),
    },
    Resource {
        uri: "test://static-binary",
        name: "static-binary",
        description: "A picture that never changes.",
        mime_type: "image/png",
        body: || ResourceBody::Blob(media::PNG.to_owned()),
    },
    Resource {
        uri: "test://watched-resource",
        name: "watched-resource",
        description: "A text to subscribe to; it never changes.",
        mime_type: "text/plain",
        body: || ResourceBody::Text("Watched resource content.".to_owned()),
    },
];

/// The list.
pub(crate) fn list() -> Vec<ResourceDescriptor> {
    let describe = |resource: &Resource| ResourceDescriptor {
        uri: resource.uri,
        name: resource.name,
        title: resource.name,
        description: resource.description,
        mime_type: resource.mime_type,
        icons: &[],
    };
    RESOURCES.iter().map(describe).collect()
}

/// The list of templates.
pub(crate) fn templates() -> Vec<TemplateDescriptor> {
    vec![TemplateDescriptor {
        uri_template: TEMPLATE,
        name: "template",
        title: "template",
        description: "Data of any id.",
        mime_type: "application/json",
        icons: &[],
    }]
}

/// What a resource holds.
pub(crate) fn read(uri: &str) -> Result<ResourceContents, Refusal> {
    if let Some(resource) = RESOURCES.iter().find(|resource| resource.uri == uri) {
        let body = (resource.body)();
        return Ok(ResourceContents { mime_type: resource.mime_type, body, meta: None });
    }
    let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
    let id = id.filter(|id| !id.is_empty() && !id.contains('/')).ok_or(Refusal::UnknownResource)?;
    let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
    Ok(ResourceContents {
        mime_type: "application/json",
        body: ResourceBody::Text(data.to_string()),
        meta: None,
    })
}
