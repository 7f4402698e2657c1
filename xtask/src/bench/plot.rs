//! Plots as SVG, legible on light and on dark: the colour of the text follows the reader's preference.

use std::fmt::Write;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600;font-size:15px}.a{stroke:#8c959f;\
fill:none}.c0{fill:#2f81f7;stroke:#2f81f7}.c1{fill:#db8b0b;stroke:#db8b0b}.l{fill:none;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}";

/// A bar: what it stands for, how long it is, and what is written at its end.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) text: String,
    /// 0 for ours, 1 for others.
    pub(super) colour: u8,
}

/// Bars of one unit below a heading.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) bars: Vec<Bar>,
}

/// A line; its points are seconds and parts of the most.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) most: String,
    pub(super) points: Vec<(f64, f64)>,
}

fn open(title: &str, height: u32) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" role=\"img\"><title>{0}</title>\
         <style>{STYLE}</style>\n<text class=\"t\" x=\"8\" y=\"22\">{0}</text>\n",
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Horizontal bars. Each group has a scale of its own.
pub(super) fn bars(title: &str, groups: &[Group]) -> String {
    let (mut body, mut y) = (String::new(), 36_u32);
    for group in groups {
        y += 18;
        let _ = writeln!(body, "<text x=\"8\" y=\"{y}\">{}</text>", escaped(&group.name));
        let most = group.bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        for bar in &group.bars {
            y += 22;
            let width = (bar.value / most * 380.0).max(1.0);
            let _ = writeln!(
                body,
                "<text x=\"190\" y=\"{y}\" text-anchor=\"end\">{}</text><rect class=\"c{}\" x=\"200\" y=\"{}\" \
                 width=\"{width:.1}\" height=\"14\"/><text x=\"{:.1}\" y=\"{y}\">{}</text>",
                escaped(&bar.name),
                bar.colour,
                y - 12,
                208.0 + width,
                escaped(&bar.text)
            );
        }
        y += 10;
    }
    format!("{}{body}</svg>\n", open(title, y + 8))
}

/// Lines over time. Each has a scale of its own, whose end is written beside its name.
pub(super) fn lines(title: &str, unit: &str, all: &[Line]) -> String {
    let (left, top, width, height) = (40.0, 64.0, 660.0, 220.0);
    let last = all.iter().flat_map(|line| &line.points).map(|(at, _)| *at).fold(1.0, f64::max);
    let mut body = String::new();
    let _ = writeln!(body, "<path class=\"a\" d=\"M{left} {top}v{height}h{width}\"/>");
    for part in 0..=4 {
        let (at, x) = (last * f64::from(part) / 4.0, left + width * f64::from(part) / 4.0);
        let anchor = if part == 4 { "end" } else { "middle" };
        let unit = if part == 4 { format!(" {unit}") } else { String::new() };
        let _ =
            writeln!(body, "<text x=\"{x:.0}\" y=\"304\" text-anchor=\"{anchor}\">{at:.0}{}</text>", escaped(&unit));
    }
    for (number, line) in all.iter().enumerate() {
        let x = 48 + 320 * number;
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(at, part)| format!("{:.1},{:.1}", left + at / last * width, top + (1.0 - part) * height))
            .collect();
        let name = escaped(&format!("{}, at most {}", line.name, line.most));
        let _ = writeln!(
            body,
            "<rect class=\"c{number}\" x=\"{x}\" y=\"38\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"49\">{name}</text>\
             <polyline class=\"c{number} l\" style=\"fill:none\" points=\"{}\"/>",
            x + 18,
            points.join(" ")
        );
    }
    format!("{}{body}</svg>\n", open(title, 316))
}

#[cfg(test)]
mod tests {
    use super::{Bar, Group, Line, bars, lines};

    #[test]
    fn the_longest_bar_is_as_wide_as_its_group_and_text_cannot_end_the_drawing() {
        let bar = |value: f64| Bar { name: "a<b".to_owned(), value, text: "1 & 2".to_owned(), colour: 0 };
        let svg = bars("T", &[Group { name: "g".to_owned(), bars: vec![bar(1.0), bar(4.0)] }]);
        assert!(svg.contains("width=\"380.0\"") && svg.contains("width=\"95.0\""), "{svg}");
        assert!(svg.contains("a&lt;b") && svg.contains("1 &amp; 2") && svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn a_line_goes_from_the_left_to_the_right() {
        let line = Line { name: "n".to_owned(), most: "9".to_owned(), points: vec![(0.0, 0.0), (50.0, 1.0)] };
        let svg = lines("T", "seconds", &[line]);
        assert!(svg.contains("40.0,284.0 700.0,64.0") && svg.contains(">50 seconds<"), "{svg}");
    }
}
