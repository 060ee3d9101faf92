/** One plot with its caption. The numbers under the cursor are told as text, by mouse, finger and keyboard alike. */

import uPlot from 'uplot'

import { element, setText } from './dom.ts'
import { clock } from './format.ts'
import { shownSeconds, type Columns } from './series.ts'

/** A colour of page.css. */
export type Colour = 'blue' | 'red' | 'amber' | 'violet' | 'green' | 'grey' | 'teal'

/** One line of a plot. */
export interface Curve {
  readonly label: string
  readonly colour: Colour
}

/** What a plot shows. */
export interface PlotParts {
  readonly title: string
  readonly curves: readonly Curve[]
  /** A number with its unit. */
  readonly format: (value: number) => string
  /** The vertical axis ends here at least. */
  readonly atLeast: number
  /** Whether the axis is divided as memory is. */
  readonly isBinary?: boolean
}

/** Seconds between two marks of the time axis, and bytes between two of memory. */
const timeSteps = [60, 120, 300]
const byteSteps = Array.from({ length: 32 }, (_, power) => 2 ** (power + 10))

const scheme = matchMedia('(prefers-color-scheme: dark)')

/** Draws until the page goes. */
export class Plot {
  readonly node: HTMLElement
  readonly #parts: PlotParts
  readonly #canvas: HTMLElement
  readonly #readings: readonly HTMLElement[]
  readonly #at: HTMLElement
  #columns: Columns = [[]]
  #until = 0
  #drawn: uPlot | null = null

  constructor(parts: PlotParts) {
    this.#parts = parts
    this.#at = element('span', { class: 'at' })
    this.#readings = parts.curves.map(({ colour }) => element('span', { class: `c-${colour}` }))
    const readout = element('span', { class: 'readout' }, this.#at, ...this.#readings)
    this.#canvas = element('div', {
      class: 'canvas',
      attributes: {
        tabindex: '0',
        role: 'img',
        'aria-label': `${parts.title}: arrow keys move through time`,
      },
    })
    const caption = element('figcaption', {}, element('b', { text: parts.title }), readout)
    this.node = element('figure', {}, caption, this.#canvas)
    this.#canvas.addEventListener('keydown', (event) => this.#key(event))
    this.#canvas.addEventListener('blur', () => this.#point(null))
    scheme.addEventListener('change', () => this.#redraw())
    new ResizeObserver(() => this.#fit()).observe(this.#canvas)
  }

  /** Shows the time up to `until`, seconds since 1970. */
  show(columns: Columns, until: number): void {
    this.#columns = columns
    this.#until = until
    if (this.#drawn === null) this.#redraw()
    else this.#drawn.setData(dataOf(columns))
    this.#read()
  }

  #redraw(): void {
    this.#drawn?.destroy()
    this.#drawn = null
    const { clientWidth, clientHeight } = this.#canvas
    if (clientWidth === 0 || this.#until === 0) return
    this.#drawn = new uPlot(this.#options(clientWidth, clientHeight), dataOf(this.#columns), this.#canvas)
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (this.#drawn === null) this.#redraw()
    else if (width > 0 && width !== this.#drawn.width) this.#drawn.setSize({ width, height })
  }

  #options(width: number, height: number): uPlot.Options {
    const { curves, atLeast, format, isBinary = false } = this.#parts
    const colours = getComputedStyle(document.documentElement)
    const colourOf = (name: string): string => colours.getPropertyValue(`--${name}`).trim()
    const axis = { stroke: colourOf('soft'), font: '11px system-ui, sans-serif', ticks: { show: false } }
    const grid = { stroke: colourOf('grid'), width: 1 }
    return {
      width,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      padding: [6, 18, 0, 0],
      scales: {
        x: { range: () => [this.#until - shownSeconds, this.#until] },
        y: { range: (_plot, _min, max) => [0, Math.max(atLeast, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 20,
          incrs: timeSteps,
          values: (_plot, at) => at.map((second) => clock(second * 1_000).slice(0, 5)),
        },
        {
          ...axis,
          grid,
          size: 54,
          space: 28,
          ...(isBinary ? { incrs: byteSteps } : {}),
          values: (_plot, at) => at.map(format),
        },
      ],
      series: [
        {},
        // The first one is drawn last, on top.
        ...curves.toReversed().map(({ label, colour }): uPlot.Series => ({
          label,
          stroke: colourOf(colour),
          width: 1.5,
          points: { size: 3, show: true, fill: colourOf(colour), filter: alone },
        })),
      ],
      hooks: { setCursor: [() => this.#read()] },
    }
  }

  #key(event: KeyboardEvent): void {
    const [seconds] = this.#columns
    const last = seconds.length - 1
    const at = this.#drawn?.cursor.idx ?? null
    const next = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? last - 1) + 1, Home: 0, End: last }[
      event.key
    ]
    if (next === undefined && event.key !== 'Escape') return
    event.preventDefault()
    this.#point(next === undefined ? null : Math.min(last, Math.max(0, next)))
  }

  #point(index: number | null): void {
    const second = index === null ? undefined : this.#columns[0][index]
    const left = second === undefined ? -10 : (this.#drawn?.valToPos(second, 'x') ?? -10)
    this.#drawn?.setCursor({ left, top: left < 0 ? -10 : 4 })
  }

  /** The numbers under the cursor, else the last ones. */
  #read(): void {
    const [seconds, ...curves] = this.#columns
    const index = this.#drawn?.cursor.idx ?? null
    const second = index === null ? undefined : seconds[index]
    setText(this.#at, second === undefined ? '' : clock(second * 1_000))
    this.#readings.forEach((reading, curve) => {
      const values = curves[curve] ?? []
      const value = (index === null ? values.findLast((one) => one !== null) : values[index]) ?? null
      const { label = '' } = this.#parts.curves[curve] ?? {}
      setText(reading, `${label} ${value === null ? '-' : this.#parts.format(value)}`)
    })
  }
}

/** Points are only drawn where no line can be: between two seconds of which nothing is known. */
function alone(plot: uPlot, curve: number): number[] {
  const isKnown = [...(plot.data[curve] ?? [])].map((value) => value !== null && value !== undefined)
  return [...isKnown.keys()].filter(
    (index) => isKnown[index] === true && isKnown[index - 1] !== true && isKnown[index + 1] !== true,
  )
}

function dataOf([seconds, ...curves]: Columns): uPlot.AlignedData {
  return [[...seconds], ...curves.toReversed().map((curve) => [...curve])]
}
