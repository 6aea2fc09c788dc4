//! Draws the days of a month as a stacked chart: SVG for pages, PNG for mail and Slack.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate};
use model::currency::shown;
use model::money::checked_sum;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE, register_font};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::month::MonthReport;

/// So many services have a colour of their own.
const MOST_SERVICES: usize = 7;
/// The palette of Okabe and Ito, which people who see colours differently can tell apart too;
/// <https://jfly.uni-koeln.de/color/>.
const COLORS: [RGBColor; MOST_SERVICES] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(240, 228, 66),
];
const COLOR_OF_OTHERS: RGBColor = RGBColor(150, 150, 150);
/// Stands for the colour of the text around the chart; no other part of the chart has it.
const INK: RGBColor = RGBColor(1, 2, 3);
const FONT: &str = "sans-serif";
/// How much of its colour a day has that is not settled.
const FAINT: f64 = 0.45;

/// What is drawn.
pub(super) struct Chart {
    currency: String,
    /// Names of the services, dearest first; the last one is that of all others if there are any.
    series: Vec<ChartSeries>,
    days: Vec<ChartDay>,
}

/// Amounts that have one colour.
pub(super) struct ChartSeries {
    /// The service; `None` for all others together.
    pub(super) service: Option<String>,
    color: RGBColor,
}

struct ChartDay {
    number: u32,
    settled: bool,
    /// The code of a function was deployed on it.
    deploy: bool,
    /// As many as there are series; none of a day that is not known.
    amounts: Vec<Decimal>,
}

impl ChartSeries {
    /// Its colour as a page writes it.
    pub(super) fn color(&self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.color.0, self.color.1, self.color.2)
    }
}

impl Chart {
    /// The chart of a month; `None` if no day is known, or none of them cost or gave anything, or the amounts are
    /// too large to add up.
    pub(super) fn of(report: &MonthReport) -> Option<Self> {
        let mut sums = BTreeMap::<&str, Decimal>::new();
        for (service, amount) in report.daily.iter().flat_map(|day| &day.services) {
            let sum = sums.entry(service).or_default();
            *sum = sum.checked_add(amount.abs())?;
        }
        let mut services: Vec<(&str, Decimal)> = sums.into_iter().filter(|(_, sum)| !sum.is_zero()).collect();
        services.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let own: Vec<&str> = services.iter().take(MOST_SERVICES).map(|(service, _)| *service).collect();
        let mut series: Vec<ChartSeries> = own
            .iter()
            .zip(COLORS)
            .map(|(service, color)| ChartSeries { service: Some((*service).to_owned()), color })
            .collect();
        if services.len() > MOST_SERVICES {
            series.push(ChartSeries { service: None, color: COLOR_OF_OTHERS });
        }
        let first = report.month.first_day();
        let all = (0..31)
            .filter_map(|ahead| first.checked_add_days(Days::new(ahead)))
            .filter(|day| report.month.contains(*day));
        let deploys: BTreeSet<NaiveDate> = report.deploy_days().collect();
        let day = |day: NaiveDate| {
            let deploy = deploys.contains(&day);
            Some(match report.daily.iter().find(|line| line.day == day) {
                None => ChartDay { number: day.day(), settled: true, deploy, amounts: vec![] },
                Some(line) => {
                    let mut amounts: Vec<Decimal> =
                        own.iter().map(|service| line.services.get(*service).copied().unwrap_or_default()).collect();
                    if services.len() > MOST_SERVICES {
                        let others = line.services.iter().filter(|(service, _)| !own.contains(&service.as_str()));
                        amounts.push(checked_sum(others.map(|(_, amount)| *amount))?);
                    }
                    ChartDay { number: day.day(), settled: line.settled, deploy, amounts }
                }
            })
        };
        let days = all.map(day).collect::<Option<_>>()?;
        (!series.is_empty()).then(|| Self { currency: report.currency.clone().unwrap_or_default(), series, days })
    }

    pub(super) fn series(&self) -> &[ChartSeries] {
        &self.series
    }

    pub(super) fn has_unsettled_days(&self) -> bool {
        self.days.iter().any(|day| !day.settled)
    }

    pub(super) fn has_deploys(&self) -> bool {
        self.days.iter().any(|day| day.deploy)
    }

    /// The highest and the lowest stack; the lowest is zero or below, where credits outweigh what a day cost. `None` if
    /// a stack is too large to add up.
    fn range(&self) -> Option<(Decimal, Decimal)> {
        let stacks = |side: Ordering| {
            let of_side = move |day: &ChartDay| {
                checked_sum(day.amounts.iter().copied().filter(|amount| amount.cmp(&Decimal::ZERO) == side))
            };
            self.days.iter().map(of_side).collect::<Option<Vec<Decimal>>>()
        };
        let highest = stacks(Ordering::Greater)?.into_iter().max().unwrap_or_default();
        let lowest = stacks(Ordering::Less)?.into_iter().min().unwrap_or_default();
        Some((highest, lowest))
    }
}

/// How large things are, in pixels.
#[derive(Clone, Copy)]
struct ChartLayout {
    width: i32,
    height: i32,
    font: i32,
    /// Room for the numbers on the left, and for those below.
    left: i32,
    below: i32,
    /// The names of the services stand in the picture itself.
    legend: bool,
}

const FOR_PAGES: ChartLayout = ChartLayout { width: 560, height: 230, font: 14, left: 62, below: 22, legend: false };
/// Twice as large as it is shown, for screens with small pixels.
const FOR_PICTURES: ChartLayout =
    ChartLayout { width: 1200, height: 640, font: 26, left: 120, below: 40, legend: true };
/// A line of the legend, as so many times the font, and its columns.
const LEGEND_LINE: i32 = 40;
const LEGEND_COLUMNS: i32 = 2;

/// The chart for a page: no script, no font of its own, and in the colour of the text around it.
pub(super) fn svg(chart: &Chart) -> Option<String> {
    font_is_known().then_some(())?;
    let mut svg = String::new();
    let look = FOR_PAGES;
    draw(
        &SVGBackend::with_string(&mut svg, (look.width.unsigned_abs(), look.height.unsigned_abs())).into_drawing_area(),
        chart,
        look,
    )?;
    let ink = "#010203";
    Some(
        svg.replace(&format!("fill=\"{ink}\""), "fill=\"currentColor\"")
            .replace(&format!("stroke=\"{ink}\""), "stroke=\"currentColor\""),
    )
}

/// The chart as a PNG file, on white.
pub(super) fn png(chart: &Chart) -> Option<Vec<u8>> {
    font_is_known().then_some(())?;
    let look = FOR_PICTURES;
    let (width, height) = (look.width.unsigned_abs(), look.height.unsigned_abs());
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    area.fill(&WHITE).ok()?;
    draw(&area, chart, look)?;
    drop(area);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).ok()?;
    Some(file)
}

/// Registers the font of the charts.
///
/// # Errors
/// A sentence that names the font.
pub(super) fn load() -> Result<(), String> {
    if font_is_known() { Ok(()) } else { Err("the font of the charts (Ubuntu Light) cannot be read".to_owned()) }
}

/// The font is part of the program: servers often have none. It knows Latin, Greek and Cyrillic letters only.
fn font_is_known() -> bool {
    static KNOWN: LazyLock<bool> =
        LazyLock::new(|| register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok());
    *KNOWN
}

type ChartArea<B> = DrawingArea<B, Shift>;

fn draw<B: DrawingBackend>(area: &ChartArea<B>, chart: &Chart, look: ChartLayout) -> Option<()> {
    let lines = i32::try_from(chart.series.len() + usize::from(chart.has_deploys())).ok()?;
    let legend =
        if look.legend { (lines + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS * LEGEND_LINE + LEGEND_LINE / 2 } else { 0 };
    let (top, bottom, right) = (look.font * 2, look.height - look.below - legend, look.width - look.font / 2);
    let (highest, lowest) = chart.range()?;
    let whole = highest.checked_sub(lowest).filter(|whole| !whole.is_zero())?;
    // Amounts become pixels in exact arithmetic.
    let y = |amount: Decimal| {
        let part = highest.checked_sub(amount)?.checked_mul(Decimal::from(bottom - top))?.checked_div(whole)?;
        Some(top + part.round().to_i32()?)
    };
    for tick in ticks(highest, lowest)? {
        let at = y(tick)?;
        let faint = if tick.is_zero() { INK.mix(0.6) } else { INK.mix(0.15) };
        area.draw(&PathElement::new(vec![(look.left, at), (right, at)], faint)).ok()?;
        write(
            area,
            &shown(tick, &chart.currency),
            (look.left - look.font / 3, at),
            look.font,
            HPos::Right,
            VPos::Center,
        )?;
    }
    write(area, &chart.currency, (look.left - look.font / 3, look.font * 3 / 5), look.font, HPos::Right, VPos::Center)?;
    let days = i32::try_from(chart.days.len()).ok()?.max(1);
    for (place, day) in chart.days.iter().enumerate() {
        let place = i32::try_from(place).ok()?;
        let edge = |place: i32| look.left + (right - look.left) * place / days;
        let (from, to) = (edge(place) + 1, edge(place + 1) - 1);
        stack(area, chart, day, (from, to), &y)?;
        if day.deploy {
            mark(area, ((from + to) / 2, top - look.font / 3), look.font / 3)?;
        }
        if day.number == 1 || (day.number.is_multiple_of(5) && day.number < 31) {
            write(
                area,
                &day.number.to_string(),
                ((from + to) / 2, bottom + look.font / 3),
                look.font,
                HPos::Center,
                VPos::Top,
            )?;
        }
    }
    if look.legend {
        names(area, chart, look, bottom + look.below + LEGEND_LINE / 2)?;
    }
    area.present().ok()
}

/// One day: what it cost upwards, what it was given downwards.
fn stack<B: DrawingBackend>(
    area: &ChartArea<B>,
    chart: &Chart,
    day: &ChartDay,
    (from, to): (i32, i32),
    y: &impl Fn(Decimal) -> Option<i32>,
) -> Option<()> {
    let (mut up, mut down) = (Decimal::ZERO, Decimal::ZERO);
    for (series, amount) in chart.series.iter().zip(&day.amounts) {
        let side = if *amount > Decimal::ZERO { &mut up } else { &mut down };
        let begin = y(*side)?;
        *side = side.checked_add(*amount)?;
        let end = y(*side)?;
        let (high, low) = (begin.min(end), begin.max(end));
        if high == low {
            continue;
        }
        let color = if day.settled { series.color.mix(1.0) } else { series.color.mix(FAINT) };
        area.draw(&Rectangle::new([(from, high), (to, low)], ShapeStyle::from(color).filled())).ok()?;
        if !day.settled {
            hatch(area, (from, to), (high, low), series.color)?;
        }
    }
    Some(())
}

/// A triangle that stands on its tip, the mark of a deployment.
fn mark<B: DrawingBackend>(area: &ChartArea<B>, (x, tip): (i32, i32), half: i32) -> Option<()> {
    let corners = vec![(x - half, tip - 2 * half), (x + half, tip - 2 * half), (x, tip)];
    area.draw(&Polygon::new(corners, INK.filled())).ok()
}

/// Lines from the lower left to the upper right, within a rectangle.
fn hatch<B: DrawingBackend>(
    area: &ChartArea<B>,
    (from, to): (i32, i32),
    (high, low): (i32, i32),
    color: RGBColor,
) -> Option<()> {
    const APART: usize = 5;
    for start in (from - (low - high)..to).step_by(APART) {
        // On the line x - start = low - y.
        let (x0, x1) = (start.max(from), (start + low - high).min(to));
        if x0 < x1 {
            area.draw(&PathElement::new(vec![(x0, low - (x0 - start)), (x1, low - (x1 - start))], color.mix(0.9)))
                .ok()?;
        }
    }
    Some(())
}

/// A square of its colour and the name of each service.
fn names<B: DrawingBackend>(area: &ChartArea<B>, chart: &Chart, look: ChartLayout, top: i32) -> Option<()> {
    let width = (look.width - look.left) / LEGEND_COLUMNS;
    let at = |place: usize| {
        let place = i32::try_from(place).ok()?;
        Some((look.left + place % LEGEND_COLUMNS * width, top + place / LEGEND_COLUMNS * LEGEND_LINE))
    };
    let label = |name: &str, (x, y): (i32, i32)| {
        write(area, name, (x + look.font * 3 / 2, y + look.font / 2), look.font, HPos::Left, VPos::Center)
    };
    for (place, series) in chart.series.iter().enumerate() {
        let (x, y) = at(place)?;
        area.draw(&Rectangle::new([(x, y), (x + look.font, y + look.font)], series.color.filled())).ok()?;
        label(&drawable(series.service.as_deref().unwrap_or("Other")), (x, y))?;
    }
    if chart.has_deploys() {
        let (x, y) = at(chart.series.len())?;
        mark(area, (x + look.font / 2, y + look.font), look.font / 2)?;
        label("Deployment", (x, y))?;
    }
    Some(())
}

/// The longest name in the legend, in characters.
const LONGEST_NAME: usize = 36;

/// A name in letters that the font has.
fn drawable(name: &str) -> String {
    let mut shown: String =
        name.chars().map(|c| if c.is_control() || c > '\u{52f}' { '?' } else { c }).take(LONGEST_NAME + 1).collect();
    if shown.chars().count() > LONGEST_NAME {
        shown = shown.chars().take(LONGEST_NAME - 1).chain(['…']).collect();
    }
    shown
}

fn write<B: DrawingBackend>(
    area: &ChartArea<B>,
    text: &str,
    at: (i32, i32),
    size: i32,
    h: HPos,
    v: VPos,
) -> Option<()> {
    let style = TextStyle::from((FONT, size).into_font()).color(&INK).pos(Pos::new(h, v));
    area.draw(&Text::new(text.to_owned(), at, style)).ok()
}

/// Round amounts from the lowest to the highest, zero among them; about four of them.
fn ticks(highest: Decimal, lowest: Decimal) -> Option<Vec<Decimal>> {
    const ABOUT: Decimal = Decimal::from_parts(4, 0, 0, false, 0);
    let wanted = highest.checked_sub(lowest)?.checked_div(ABOUT)?;
    let steps = (0..56_u32).flat_map(|power| [1_i64, 2, 5].map(|first| (first, power)));
    // From 10^-27 up to 5 * 10^28; the first that is large enough.
    let step = steps
        .filter_map(|(first, power)| decimal(first, i32::try_from(power).ok()? - 27))
        .find(|step| *step >= wanted)?;
    let mut ticks = vec![Decimal::ZERO];
    for direction in [step, -step] {
        let mut next = direction;
        while next >= lowest && next <= highest {
            ticks.push(next);
            next = next.checked_add(direction)?;
        }
    }
    Some(ticks)
}

/// `first` times ten to the power.
fn decimal(first: i64, power: i32) -> Option<Decimal> {
    if power < 0 {
        return Decimal::try_new(first, power.unsigned_abs()).ok();
    }
    (0..power).try_fold(Decimal::from(first), |number, _| number.checked_mul(Decimal::TEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monthly::samples;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn the_axis_has_a_few_round_amounts_and_zero() {
        for (highest, lowest, expected) in [
            ("9.3", "0", &["0", "5"][..]),
            ("4", "0", &["0", "1", "2", "3", "4"]),
            ("0.0007", "0", &["0", "0.0002", "0.0004", "0.0006"]),
            ("10", "-6", &["0", "5", "10", "-5"]),
            ("0", "-4", &["0", "-1", "-2", "-3", "-4"]),
        ] {
            let expected: Vec<Decimal> = expected.iter().map(|text| number(text)).collect();
            assert_eq!(ticks(number(highest), number(lowest)).unwrap(), expected, "{highest} to {lowest}");
        }
    }

    #[test]
    fn seven_services_have_a_colour_and_the_rest_is_one() {
        let report = samples::month_of_services(40);
        let chart = Chart::of(&report).unwrap();
        assert_eq!(chart.series.len(), 8);
        assert!(chart.series[7].service.is_none() && chart.series[..7].iter().all(|series| series.service.is_some()));
        let colors: std::collections::BTreeSet<String> = chart.series.iter().map(ChartSeries::color).collect();
        assert_eq!(colors.len(), 8);
        for (day, line) in chart.days.iter().zip(&report.daily) {
            assert_eq!(
                day.amounts.iter().sum::<Decimal>(),
                line.services.values().sum::<Decimal>(),
                "every cent is drawn"
            );
        }
    }

    #[test]
    fn a_picture_is_a_png_file_of_its_size_and_an_svg_has_the_colour_of_the_text_around_it() {
        let chart = Chart::of(&samples::december()).unwrap();
        let file = png(&chart).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (1200, 640));
        let svg = svg(&chart).unwrap();
        assert!(
            svg.starts_with("<svg")
                && svg.trim_end().ends_with("</svg>")
                && svg.contains("currentColor")
                && !svg.contains("#010203"),
            "{svg}"
        );
        assert!(!svg.contains("<script") && !svg.contains("href"), "{svg}");
    }

    #[test]
    fn nothing_known_and_amounts_beyond_reason_draw_nothing_and_fail_nothing() {
        assert!(Chart::of(&samples::nothing()).is_none());
        let mut report = samples::december();
        for day in &mut report.daily {
            day.services.values_mut().for_each(|amount| *amount = Decimal::MAX);
        }
        assert!(Chart::of(&report).is_none());
        report.daily.iter_mut().flat_map(|day| day.services.values_mut()).for_each(|amount| *amount = -Decimal::ONE);
        assert!(svg(&Chart::of(&report).unwrap()).is_some(), "a month of credits alone has a chart");
    }

    #[test]
    fn a_name_is_drawn_in_letters_that_the_font_has() {
        for (name, drawn) in [
            ("Amazon RDS", "Amazon RDS"),
            ("한국 RDS\n", "?? RDS?"),
            ("a very long name of a service on a bill", "a very long name of a service on a …"),
        ] {
            assert_eq!(drawable(name), drawn);
        }
    }
}
