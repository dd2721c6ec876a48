/** The middle of the sorted numbers, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** The number below which the share `q` of all lie, interpolated. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

/** Half the distance between the greatest and the least, as a share of the median: `±8 %`. */
export function spread(numbers: readonly number[]): string {
  const share = (Math.max(...numbers) - Math.min(...numbers)) / 2 / median(numbers)
  return `±${(share * 100).toFixed(0)} %`
}

/** Each number as a multiple of the one that was measured in the same round: what slowed both down cancels out. */
export function timesOf(own: readonly number[], base: readonly number[]): number[] {
  return own.map((number, round) => number / (base[round] ?? Number.NaN))
}

/** The same items in a random order, so that no candidate always runs on a machine that another has warmed. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
