use serde_json::json;

use super::size_words;
use crate::testing::World;

#[test]
fn attachments_are_described_and_never_fetched() {
    let world = World::with_json(&json!({ "value": [
        {
            "@odata.type": "#microsoft.graph.fileAttachment", "id": "AT/=", "name": "Q3\u{202e}.pdf",
            "contentType": "application/pdf", "size": 211_900, "isInline": false,
            "lastModifiedDateTime": "2026-11-20T08:12:08Z",
        },
        { "@odata.type": "#microsoft.graph.itemAttachment", "id": "B", "name": "Re: lunch", "contentType": null, "size": 900 },
        { "@odata.type": "#microsoft.graph.referenceAttachment", "id": "C", "name": "Plan.docx", "isInline": true },
        {},
    ] }));
    let answer = world.run("listAttachments", json!({ "id": "A/=" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/messages/A%2F%3D/attachments");
    assert_eq!(
        request.query,
        [
            ("$top", "50".to_owned()),
            ("$select", "id,name,contentType,size,isInline,lastModifiedDateTime".to_owned())
        ]
    );
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        answer.structured["attachments"][0],
        json!({
            "id": "AT/=", "name": "Q3.pdf", "contentType": "application/pdf", "size": 211_900,
            "lastModified": "2026-11-20T08:12:08Z",
        })
    );
    assert_eq!(answer.structured["attachments"][1]["kind"], "item");
    assert_eq!(answer.structured["attachments"][2]["isInline"], true);
}

#[test]
fn a_size_is_told_in_the_unit_it_is_read_in() {
    for (bytes, words) in
        [(0, "0 bytes"), (999, "999 bytes"), (1_001, "2 kB"), (999_999, "1000 kB"), (2_904_113, "2.9 MB")]
    {
        assert_eq!(size_words(bytes), words);
    }
}
