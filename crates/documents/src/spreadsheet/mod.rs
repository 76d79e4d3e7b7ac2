//! Excel workbooks (ECMA-376 part 1, chapter 18): one table for each sheet, formulas as the values they had.
//!
//! Sheets are read a row at a time. Hidden sheets are named and their content is left out; so are hidden rows and
//! columns.

mod sheet;
mod strings;

use m365_ports::DocumentError;

use crate::Result;
use crate::archive::{Archive, Target, first};
use crate::output::Output;
use crate::sheet_format::Format;
use crate::xml::Node;

use sheet::Sheet;

/// Most sheets of a workbook.
const SHEETS_MAX: usize = 1024;
/// Most cell formats of a workbook.
const FORMATS_MAX: usize = 70_000;

/// What cells of a workbook refer to.
#[derive(Debug, Default)]
struct Shared {
    strings: Vec<String>,
    formats: Vec<Format>,
    is_1904: bool,
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    part: String,
    is_hidden: bool,
}

/// Reads a workbook.
pub(crate) fn read(archive: &Archive<'_>, output: &mut Output) -> Result<()> {
    let main = archive.main_part()?;
    let targets = archive.targets(&main)?;
    let mut shared = Shared::default();
    let sheets = sheets(archive, &main, &targets, &mut shared)?;
    if let Some(part) = first(&targets, "styles") {
        shared.formats = formats(archive, part)?;
    }
    if let Some(part) = first(&targets, "sharedStrings") {
        shared.strings = strings::read(archive, part, output)?;
    }
    for listed in sheets {
        if output.is_full() {
            break;
        }
        let mark = if listed.is_hidden { " (hidden sheet, left out)" } else { "" };
        output.block("## ", &format!("{}{mark}", listed.name));
        output.table();
        if let Some(xml) = archive.xml(&listed.part)? {
            Sheet::new(&shared, output, listed.is_hidden).read(xml)?;
        }
    }
    Ok(())
}

fn sheets(archive: &Archive<'_>, main: &str, targets: &[Target], shared: &mut Shared) -> Result<Vec<Listed>> {
    let mut xml = archive.xml(main)?.ok_or(DocumentError::Damaged)?;
    let mut sheets = Vec::new();
    while sheets.len() < SHEETS_MAX {
        match xml.next()? {
            Node::Open(element) if element.name() == "workbookPr" => {
                shared.is_1904 = element.attribute("date1904").is_some() && element.is_on("date1904");
            }
            Node::Open(element) if element.name() == "sheet" => {
                let id = element.prefixed("id").unwrap_or_default();
                let Some(target) = targets.iter().find(|target| target.id == id && !target.is_external)
                else {
                    continue;
                };
                sheets.push(Listed {
                    name: element.attribute("name").unwrap_or_default(),
                    part: target.place.clone(),
                    is_hidden: element.attribute("state").is_some_and(|state| state != "visible"),
                });
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(sheets)
}

/// The number format of each cell format.
fn formats(archive: &Archive<'_>, part: &str) -> Result<Vec<Format>> {
    let mut formats = Vec::new();
    let Some(mut xml) = archive.xml(part)? else { return Ok(formats) };
    let mut own = std::collections::BTreeMap::new();
    let mut is_cell = false;
    while formats.len() < FORMATS_MAX && own.len() < FORMATS_MAX {
        match xml.next()? {
            Node::Open(element) => {
                let id = || element.attribute("numFmtId").and_then(|id| id.parse::<u32>().ok());
                match element.name() {
                    "numFmt" => {
                        let code = element.attribute("formatCode").unwrap_or_default();
                        own.insert(id().unwrap_or_default(), Format::of(&code));
                    }
                    "cellXfs" => is_cell = true,
                    "xf" if is_cell => {
                        let id = id().unwrap_or_default();
                        let format = own.get(&id).copied().or_else(|| Format::built_in(id));
                        formats.push(format.unwrap_or_default());
                    }
                    _ => {}
                }
            }
            Node::Close(ended) if ended.name() == "cellXfs" => is_cell = false,
            Node::End => break,
            Node::Close(_) | Node::Text(_) => {}
        }
    }
    Ok(formats)
}
