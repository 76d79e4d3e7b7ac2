//! Rules of style elements, as far as mail uses them to hide.
//!
//! Source: Selectors level 4 (types, ids, classes, descendants, children), CSS Cascade level 4 (specificity), Media
//! Queries level 4. Selectors with attributes, siblings or states are left out: they are how mail addresses one reader
//! program and not another.
//!
//! Limits: the first [`RULES_MAX`] rules that say anything about visibility; [`STEPS_MAX`] looks at ancestors, behind
//! which a rule counts as met.

use super::declarations::{Declaration, declarations};

const RULES_MAX: usize = 400;
const COMPOUNDS_MAX: usize = 8;
const STEPS_MAX: usize = 400_000;
/// The window that media queries are asked about, in pixels.
const WINDOW_PX: f32 = 1000.0;

/// What selectors can say about an element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) tag: String,
    pub(crate) id: String,
    /// As written, separated by white space.
    pub(crate) classes: String,
}

/// The rules of a page.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rules: Vec<Rule>,
    steps: usize,
}

#[derive(Debug)]
struct Rule {
    /// The element's own compound first, then what must be around it.
    compounds: Vec<Compound>,
    specificity: (usize, usize, usize),
    declarations: Vec<Declaration>,
}

#[derive(Debug, Default)]
struct Compound {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    /// Whether the compound before it in the list must be a child of this one.
    is_parent: bool,
}

impl Sheet {
    /// Adds the rules of one style element.
    pub(crate) fn read(&mut self, css: &str) {
        let css = without_comments(css);
        let mut rest = css.as_str();
        while let Some(at) = rest.find(['{', '}', ';']) {
            let (prelude, behind) = rest.split_at(at);
            let prelude = prelude.trim();
            rest = behind.get(1..).unwrap_or_default();
            if !behind.starts_with('{') {
                // The end of an at-rule that was entered, or an at-rule without a block.
                continue;
            }
            match prelude.strip_prefix('@') {
                Some(rule) if is_entered(&rule.to_ascii_lowercase()) => {}
                Some(_) => rest = behind_block(rest),
                None => {
                    let (block, behind) = rest.split_once('}').unwrap_or((rest, ""));
                    rest = behind;
                    self.add(prelude, &declarations(block));
                }
            }
        }
    }

    /// The declarations that hold for an element, the weakest first. `around` gives its ancestors, the nearest first.
    pub(crate) fn of<'a, I>(&mut self, element: &Named, around: impl Fn() -> I) -> Vec<Declaration>
    where
        I: Iterator<Item = &'a Named>,
    {
        let steps = &mut self.steps;
        let mut met: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.is_met(element, around(), steps)).collect();
        met.sort_by_key(|rule| rule.specificity);
        met.into_iter().flat_map(|rule| rule.declarations.iter().cloned()).collect()
    }

    fn add(&mut self, selectors: &str, declarations: &[Declaration]) {
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',') {
            if self.rules.len() >= RULES_MAX {
                return;
            }
            let Some(compounds) = compounds(selector) else { continue };
            let count = |of: fn(&Compound) -> usize| compounds.iter().map(of).sum();
            let specificity = (
                count(|compound| usize::from(compound.id.is_some())),
                count(|compound| compound.classes.len()),
                count(|compound| usize::from(compound.tag.is_some())),
            );
            let mut own: Vec<Declaration> = Vec::new();
            for declaration in declarations {
                own.retain(|earlier| *earlier != *declaration);
                own.push(declaration.clone());
            }
            own.truncate(40);
            self.rules.push(Rule { compounds, specificity, declarations: own });
        }
    }
}

impl Rule {
    fn is_met<'a>(
        &self,
        element: &Named,
        mut around: impl Iterator<Item = &'a Named>,
        steps: &mut usize,
    ) -> bool {
        let mut compounds = self.compounds.iter();
        if !compounds.next().is_some_and(|own| own.is_met(element)) {
            return false;
        }
        compounds.all(|compound| {
            if compound.is_parent {
                return around.next().is_some_and(|parent| compound.is_met(parent));
            }
            around.any(|ancestor| {
                *steps += 1;
                *steps > STEPS_MAX || compound.is_met(ancestor)
            })
        })
    }
}

impl Compound {
    fn is_met(&self, element: &Named) -> bool {
        self.tag.as_ref().is_none_or(|tag| *tag == element.tag)
            && self.id.as_ref().is_none_or(|id| *id == element.id)
            && self
                .classes
                .iter()
                .all(|class| element.classes.split_ascii_whitespace().any(|own| own == class))
    }
}

/// A selector's compounds, the last one first; nothing where it says more than is read.
fn compounds(selector: &str) -> Option<Vec<Compound>> {
    let spaced = selector.replace('>', " > ");
    let mut found = Vec::new();
    let mut is_parent = false;
    for word in spaced.split_ascii_whitespace().rev() {
        if word == ">" {
            is_parent = true;
            continue;
        }
        let mut compound = compound(word)?;
        compound.is_parent = std::mem::take(&mut is_parent);
        found.push(compound);
    }
    (!found.is_empty() && found.len() <= COMPOUNDS_MAX && !is_parent).then_some(found)
}

fn compound(word: &str) -> Option<Compound> {
    let mut compound = Compound::default();
    let mut rest = word;
    loop {
        let kind = rest.chars().next().filter(|c| matches!(c, '.' | '#'));
        let name = if kind.is_some() { rest.get(1..)? } else { rest };
        let end = name.find(['.', '#']).unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        match kind {
            None if name == "*" => {}
            _ if !is_plain || name.is_empty() => return None,
            Some('.') => compound.classes.push(name.to_owned()),
            Some(_) => compound.id = Some(name.to_owned()),
            None => compound.tag = Some(name.to_ascii_lowercase()),
        }
        if behind.is_empty() {
            return Some(compound);
        }
        rest = behind;
    }
}

/// Whether what stands in an at-rule holds for a person at a desk.
fn is_entered(rule: &str) -> bool {
    let Some(queries) = rule.strip_prefix("media") else {
        return ["supports", "layer", "scope"].iter().any(|name| rule.starts_with(name));
    };
    queries.split(',').any(|query| query.split(" and ").all(|part| holds(part.trim())))
}

fn holds(part: &str) -> bool {
    let part =
        part.trim_start_matches("only ").trim_matches(|c: char| matches!(c, '(' | ')') || c.is_whitespace());
    let Some((feature, value)) = part.split_once(':') else {
        return matches!(part, "screen" | "all" | "");
    };
    let pixels = super::Length::parse(value.trim()).map(|length| length.pixels(16.0));
    match feature.trim() {
        "min-width" | "min-device-width" => pixels.is_some_and(|pixels| pixels <= WINDOW_PX),
        "max-width" | "max-device-width" => pixels.is_some_and(|pixels| pixels >= WINDOW_PX),
        _ => false,
    }
}

/// What follows a block that has been entered.
fn behind_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, sign) in text.match_indices(['{', '}']) {
        depth = if sign == "{" { depth + 1 } else { depth - 1 };
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

fn without_comments(css: &str) -> String {
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, behind)) = rest.split_once("/*") {
        plain.push_str(before);
        plain.push(' ');
        rest = behind.split_once("*/").map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    plain.replace("<!--", " ").replace("-->", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tag: &str, id: &str, classes: &str) -> Named {
        Named { tag: tag.to_owned(), id: id.to_owned(), classes: classes.to_owned() }
    }

    /// What `display` a rule gives to `p#one.hide.me` in a `div.outer` in the body.
    fn display(css: &str) -> Option<String> {
        let mut sheet = Sheet::default();
        sheet.read(css);
        let around = [named("div", "", "outer"), named("body", "", "")];
        let found = sheet.of(&named("p", "one", "hide me"), || around.iter());
        found.into_iter().rfind(|declaration| declaration.name == "display").map(|d| d.value)
    }

    #[test]
    fn rules_that_name_the_element_hold() {
        for css in [
            ".hide{display:none}",
            "p{display:none}",
            "#one { color:red; display:none }",
            "*{display:none}",
            "p.hide.me{display:none}",
            "a, .hide, b {display:none}",
            "div .hide{display:none}",
            "body .outer p{display:none}",
            ".outer > p{display:none}",
            "<!-- .hide{display:none} -->",
            "/* } */ .hide{display:none}",
            "@charset \"utf-8\"; .hide{display:none}",
            "@media screen{.hide{display:none}}",
            "@media only screen and (min-width:480px){.hide{display:none}}",
            "@media print{.hide{display:block}} .hide{display:none}",
            "@supports (display:grid){.hide{display:none}}",
            ".hide{display:none} p{display:block}",
        ] {
            assert_eq!(display(css).as_deref(), Some("none"), "{css}");
        }
    }

    #[test]
    fn rules_about_something_else_do_not() {
        for css in [
            "",
            ".hidden{display:none}",
            "div{display:none}",
            "#two{display:none}",
            "body > p{display:none}",
            "span p{display:none}",
            ".hide:hover{display:none}",
            "[class=hide]{display:none}",
            "u + .hide{display:none}",
            "@media (max-width:600px){.hide{display:none}}",
            "@media print{.hide{display:none}}",
            "@font-face{display:none} ",
            ".hide",
            ".hide{color:red}",
        ] {
            assert_eq!(display(css), None, "{css}");
        }
    }

    #[test]
    fn deep_ancestors_and_many_rules_cost_a_bounded_amount() {
        let mut sheet = Sheet::default();
        sheet.read(&"a b c d .x{display:none}".repeat(2000));
        assert_eq!(sheet.rules.len(), RULES_MAX);
        let around: Vec<Named> = (0..5000).map(|_| named("div", "", "")).collect();
        for _ in 0..1000 {
            let _ = sheet.of(&named("p", "", "x"), || around.iter());
        }
        assert!(sheet.steps <= STEPS_MAX + 1000 * RULES_MAX * COMPOUNDS_MAX);
    }
}
