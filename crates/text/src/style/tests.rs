use super::*;

/// Whether text is hidden in an element of this style, itself in elements of those styles.
fn is_hidden_in(tag: &str, styles: &[&str]) -> bool {
    let look = styles
        .iter()
        .fold(Look::page(), |look, style| look.of(tag, &Styles::of(Vec::new(), Some(style)), |_| None));
    !look.is_seen()
}

fn hides(style: &str) -> bool {
    is_hidden_in("div", &[style])
}

#[test]
fn ordinary_styles_hide_nothing() {
    for style in [
        "",
        "color:#333;font-size:11pt",
        "margin:0;padding:0",
        "font-family:\"MS \\@Gothic\"",
        "line-height:0",
        "display:inline-block",
        "opacity:1",
        "opacity:90%",
        "font-size:0.9em",
        "font-size:0.8rem",
        "font-size:80%",
        "width:0",
        "left:-10px;position:relative",
        "background:white",
        "color:#fff;background-color:#0078d4",
        "color:#fff;background:url(hero.jpg) no-repeat",
        "color:white;background:#000 none",
        "font:12px/1.4 Arial",
        "border-color:transparent",
        "max-height:100%;overflow:hidden",
        "height:0;overflow:visible",
        "text-indent:-18pt",
        "margin-left:-20px",
        "clip:rect(auto auto auto auto)",
        "transform:scale(0.9)",
        "visibility:visible",
        "mso-hide:none",
        "display:none;display:block",
    ] {
        assert!(!hides(style), "{style}");
    }
}

#[test]
fn known_ways_of_hiding_are_seen_through() {
    for style in [
        "display:none",
        "dis\\70lay:none",
        "display:none/**/",
        "color:red;display:none",
        "display:none;display:nonsense",
        "display:none!important;display:block",
        "visibility:hidden",
        "visibility:collapse",
        "font:0/0 a",
        "font:0px/0 Arial",
        "font-size:0",
        "font-size:1px",
        "font-size:.1em",
        "font-size:1%",
        "opacity:.01",
        "opacity:0",
        "filter:opacity(0)",
        "mso-hide:all",
        "text-indent:-9999px",
        "margin-left:-9999px",
        "position:fixed;top:-2000px",
        "position:relative;left:-9999em",
        "transform:translateX(-9999px)",
        "transform:scale(0)",
        "color:transparent",
        "color: rgba(0, 0, 0, 0)",
        "color:#00000000",
        "color:#fff",
        "color:#fefefe",
        "color:white;background-color:#fff",
        "color:rgb(245 245 245);background:#f6f6f6",
        "-webkit-text-fill-color:white",
        "background:#000",
        "clip:rect(0 0 0 0)",
        "clip:rect(0, 0, 0, 0);position:absolute",
        "clip-path:inset(100%)",
        "height:0;overflow:hidden",
        "max-height:0px;overflow-y:hidden",
    ] {
        assert!(hides(style), "{style}");
    }
}

#[test]
fn size_colour_and_visibility_can_be_given_back_inside() {
    for styles in [
        ["font-size:0", "font-size:13px"],
        ["visibility:hidden", "visibility:visible"],
        ["color:#fff", "color:#333"],
        ["color:#fff", "background:#0078d4"],
        ["background:#0078d4", "color:#fff"],
        ["background:#111;color:#fff", ""],
    ] {
        assert!(!is_hidden_in("div", &styles), "{styles:?}");
    }
    for styles in [
        ["display:none", "display:block"],
        ["opacity:0", "opacity:1"],
        ["font-size:0", "font-size:2em"],
        ["font-size:0", ""],
        ["background:#111", "color:#111"],
        ["mso-hide:all", "mso-hide:none"],
    ] {
        assert!(is_hidden_in("div", &styles), "{styles:?}");
    }
}

#[test]
fn the_attributes_before_styles_count() {
    let of = |tag: &str, name: &'static str, value: &'static str, style: &str| {
        let styles = Styles::of(Vec::new(), Some(style));
        Look::page().of(tag, &styles, |asked| (asked == name).then_some(value)).is_seen()
    };
    assert!(of("td", "bgcolor", "#0078D4", "color:#fff"));
    assert!(of("td", "background", "hero.jpg", "color:#fff"));
    assert!(!of("td", "bgcolor", "#FFFFFF", "color:#fff"));
    assert!(!of("font", "color", "White", ""));
    assert!(of("font", "color", "Red", ""));
    assert!(!of("div", "hidden", "", ""));
    assert!(of("a", "href", "https://contoso.example", "mso-hide:all"), "a button");
}

#[test]
fn a_paragraph_without_margins_is_dense() {
    for (style, is_dense) in [
        ("margin:0", true),
        ("margin:0in;margin-bottom:.0001pt", true),
        ("margin-top:0;margin-bottom:0", true),
        ("", false),
        ("margin:0 0 12px", true),
        ("margin-top:0", false),
        ("margin:0;margin-bottom:8pt", false),
    ] {
        assert_eq!(Styles::of(Vec::new(), Some(style)).is_dense(), is_dense, "{style}");
    }
}
