//! Pages of a list, and the cursors between them.
//!
//! Source: MCP, "Pagination" of each revision. A cursor names its list and where to go on. It gives nothing that the
//! list would not give without it, so it is not sealed; what is not in its one form is refused.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::refusal::ProtocolRefusal;

/// The page of `items` that the parameters ask for, and the cursor of the next.
pub(crate) fn page<T>(
    list: &str,
    mut items: Vec<T>,
    size: usize,
    params: &Map<String, Value>,
) -> Result<(Vec<T>, Option<String>), ProtocolRefusal> {
    let begin = match params.get("cursor") {
        None => 0,
        Some(cursor) => cursor.as_str().and_then(|text| read(list, text)).ok_or(ProtocolRefusal::Cursor)?,
    };
    if begin > 0 && begin >= items.len() {
        return Err(ProtocolRefusal::Cursor);
    }
    let mut rest = items.split_off(begin);
    let more = rest.len() > size;
    rest.truncate(size);
    let next = more.then(|| write(list, begin.saturating_add(size)));
    Ok((rest, next))
}

fn write(list: &str, begin: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{list}:{begin}"))
}

fn read(list: &str, cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let begin = text.strip_prefix(list)?.strip_prefix(':')?.parse().ok()?;
    // One form for one place: no leading zeros or signs, and never the beginning.
    (begin > 0 && write(list, begin) == cursor).then_some(begin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at(cursor: Value) -> Map<String, Value> {
        Map::from_iter([("cursor".to_owned(), cursor)])
    }

    #[test]
    fn cursors_of_nobody_or_of_another_list_are_refused() {
        let items = || vec![1, 2, 3];
        let (_, cursor) = page("tools", items(), 2, &Map::new()).unwrap();
        let cursor = cursor.unwrap();
        assert_eq!(page("tools", items(), 2, &at(json!(cursor))), Ok((vec![3], None)));
        assert_eq!(page("prompts", items(), 2, &at(json!(cursor))), Err(ProtocolRefusal::Cursor));
        assert_eq!(page("tools", vec![1, 2], 2, &at(json!(cursor))), Err(ProtocolRefusal::Cursor));
        for forged in
            ["", "x", "dG9vbHM6MA", "dG9vbHM6KzE", "dG9vbHM6MDE", "dG9vbHM6MTg0NDY3NDQwNzM3MDk1NTE2MTY"]
        {
            assert_eq!(
                page("tools", items(), 2, &at(json!(forged))),
                Err(ProtocolRefusal::Cursor),
                "{forged}"
            );
        }
        assert_eq!(page("tools", items(), 2, &at(json!(2))), Err(ProtocolRefusal::Cursor));
        assert_eq!(page("tools", items(), 2, &at(Value::Null)), Err(ProtocolRefusal::Cursor));
    }

    proptest! {
        #[test]
        fn walking_the_pages_gives_every_item_once(count in 0_usize..50, size in 1_usize..12) {
            let items: Vec<usize> = (0..count).collect();
            let (mut seen, mut params) = (Vec::new(), Map::new());
            loop {
                let (found, next) = page("list", items.clone(), size, &params).unwrap();
                prop_assert!(found.len() <= size);
                seen.extend(found);
                match next {
                    Some(cursor) => params = at(json!(cursor)),
                    None => break,
                }
            }
            prop_assert_eq!(seen, items);
        }
    }
}
