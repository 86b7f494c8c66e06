import type { Messages } from './types';

const plural = new Intl.PluralRules('ar');

/** Arabic counts in six ways; one and two are said without the number. */
function counted(
  forms: Readonly<Record<'one' | 'two' | 'few' | 'many' | 'other', string>>,
  count: number,
  written: string,
): string {
  const category = plural.select(count);
  if (category === 'one' || category === 'two') return forms[category];
  return `${written} ${forms[category === 'zero' ? 'other' : category]}`;
}

/** Arabic. */
const ar: Messages = {
  locale: 'ar',
  states: {
    queued: 'في الانتظار',
    held: 'موقوف',
    retrying: 'بانتظار محاولة جديدة',
    starting: 'يبدأ',
    loading: 'تحميل النموذج',
    prompt: 'قراءة الطلب',
    thinking: 'يفكّر',
    generating: 'يكتب',
    finalizing: 'إنهاء',
    paused: 'متوقف مؤقتًا',
    completed: 'اكتمل',
    failed: 'فشل',
    cancelled: 'أُلغي',
    expired: 'انتهت مهلته',
    unknown: 'حالة غير معروفة',
  },
  tracking: {
    connecting: 'جارٍ الاتصال',
    live: 'مباشر',
    reconnecting: 'إعادة الاتصال',
    stale: 'غير محدّث',
    offline: 'بلا اتصال',
    done: 'انتهى',
    stopped: 'بلا متابعة',
  },
  figures: {
    tokens: 'الرموز',
    speed: 'السرعة',
    elapsed: 'المنقضي',
    remaining: 'المتبقي',
    position: 'الترتيب',
    wait: 'الانتظار المتوقع',
    input: 'المدخلات',
    output: 'المخرجات',
    total: 'مجموع الرموز',
    duration: 'المدة',
    average: 'متوسط السرعة',
  },
  units: { s: 'ث', min: 'د', h: 'س' },

  about: (duration) => `نحو ${duration}`,
  range: (low, high) => `${low} إلى ${high}`,
  left: (duration) => `بقي ${duration}`,
  tokens: (count, format) =>
    counted(
      { one: 'رمز واحد', two: 'رمزان', few: 'رموز', many: 'رمزًا', other: 'رمز' },
      count,
      format.count(count),
    ),
  rateUnit: 'رمز/ث',
  estimated: 'تقديري',

  place: (position, size) => `${position} من ${size}`,
  firstToken: (duration) => `أول رمز بعد ${duration}`,
  lastSeen: (duration) => `آخر خبر قبل ${duration}`,
  noAnswer: 'لا رد بعد',
  continued: 'متابعة من النص المحفوظ',
  restarted: 'بدأت من جديد',
  attempt: (number, most) => `المحاولة ${number}${most === null ? '' : ` من ${most}`}`,

  progress: (name) => (name === '' ? 'التقدم' : `تقدم ${name}`),
  answer: 'الجواب',
  showAll: 'عرض الكل',
  showLess: 'عرض أقل',

  missing: 'لا توجد مهمة كهذه',
  missingWhy: 'ربما حُذفت، أو ليست لك.',
  failedBecause: (reason) => `فشلت المهمة: ${reason}.`,
  failedSomehow: 'فشلت المهمة.',
  youCancelled: 'ألغيت هذه المهمة.',
  waitedTooLong: 'انتهت مهلة انتظارها قبل أن يحين دورها.',
  reasons: {
    MODEL_SERVER_UNREACHABLE: 'خادم النماذج لا يجيب.',
    MODEL_SERVER_ERROR: 'أبلغ خادم النماذج عن خطأ.',
    MODEL_SERVER_BUSY: 'خادم النماذج مشغول.',
    MODEL_SERVER_WEDGED: 'خادم النماذج معلّق.',
    MODEL_NOT_FOUND: 'خادم النماذج لا يعرف هذا النموذج.',
    MODEL_LOAD_TIMEOUT: 'استغرق تحميل النموذج وقتًا طويلًا.',
    NOT_A_MODEL_SERVER: 'لا يوجد خادم نماذج على هذا العنوان.',
    CAPABILITY_MISSING: 'لا يقدر النموذج على المطلوب.',
    CONNECTION_LOST: 'انقطع الاتصال بخادم النماذج.',
    STREAM_BROKEN: 'جواب خادم النماذج غير مقروء.',
    STREAM_INCOMPLETE: 'انتهى جواب خادم النماذج قبل تمامه.',
    OUT_OF_MEMORY: 'لم تكفِ ذاكرة خادم النماذج.',
    RUNNER_DIED: 'تعطّل النموذج.',
    PROMPT_TOO_LONG: 'الطلب أطول مما يسعه النموذج.',
    RATE_LIMITED: 'خادم النماذج لا يقبل طلبات الآن.',
    REPEATED_TOKENS: 'كرّر النموذج نفسه بلا نهاية.',
    FIRST_BYTE_TIMEOUT: 'لم يبدأ النموذج في الوقت المحدد.',
    SILENCE_TIMEOUT: 'صمت النموذج.',
    RUNNING_TIMEOUT: 'استغرقت المهمة وقتًا طويلًا.',
    WAITING_DEADLINE: 'انتهت مهلة انتظارها قبل أن يحين دورها.',
    WORKER_LOST: 'فُقد العامل الذي كان يشغّلها.',
    KILLS_WORKERS: 'أوقفت المهمة كل عامل شغّلها.',
    CANCELLED_BY_OPERATOR: 'ألغى المشغّل هذه المهمة.',
    CANCELLED_BY_OWNER: 'ألغيت هذه المهمة.',
  },

  working: 'قيد العمل',
  completedIn: (tokens, duration) => `اكتمل: ${tokens} في ${duration}.`,
  late: {
    orders: {
      cancel: { say: 'إلغاء', busy: 'جارٍ الإلغاء', refused: 'لم تُلغَ المهمة.' },
      pause: { say: 'إيقاف مؤقت', busy: 'جارٍ الإيقاف', refused: 'لم تُوقَف المهمة.' },
      resume: { say: 'استئناف', busy: 'جارٍ الاستئناف', refused: 'لم تُستأنف المهمة.' },
      retry: { say: 'إعادة المحاولة', busy: 'جارٍ إعادة المحاولة', refused: 'لم تُعَد المهمة.' },
    },
    speedOverTime: 'السرعة في الدقيقة الأخيرة',
    thoughtFor: (duration) => `فكّر ${duration}`,
    copy: 'نسخ النص',
    copied: 'نُسخ',
    copyFailed: 'تعذّر النسخ',
    toLive: 'إلى البث المباشر',
    unreachable: 'الخادم لا يجيب.',
    bytes: (count, format) =>
      counted(
        { one: 'بايت واحد', two: 'بايتان', few: 'بايتات', many: 'بايتًا', other: 'بايت' },
        count,
        format.count(count),
      ),
    inTime: (duration) => `بعد ${duration}`,
    now: 'الآن',
    because: (why) => `السبب: ${why}`,
    kept: (bytes) => `النص حتى الآن محفوظ أدناه (${bytes}).`,
    nothingKept: 'لم يصل أي نص.',
    held: 'طابور هذا النموذج موقوف.',
    next: {
      server: 'تأكد من أن خادم النماذج يعمل، ثم أرسل الطلب مرة أخرى.',
      address: 'تأكد من عنوان خادم النماذج، ثم أرسل الطلب مرة أخرى.',
      access: 'امنح Genwatch صلاحية الوصول إلى خادم النماذج، ثم أرسل الطلب مرة أخرى.',
      otherModel: 'اختر نموذجًا آخر، أو ثبّت هذا النموذج، ثم أرسل مرة أخرى.',
      smaller: 'اختر نموذجًا أصغر أو طلبًا أقصر، ثم أرسل مرة أخرى.',
      shorter: 'اختصر الطلب، أو اختر نموذجًا بسياق أكبر، ثم أرسل مرة أخرى.',
      slow: 'أرسل مرة أخرى؛ وإن تكرر ذلك فقد يكون النموذج بطيئًا على جهازه.',
      later: 'خادم النماذج مشغول جدًا. أرسل مرة أخرى بعد قليل.',
      repeats: 'كرّر النموذج نفسه فقط. غيّر الطلب، أو اختر نموذجًا آخر.',
      kills: 'أوقفت كل عامل شغّلها. غيّر الطلب، أو اختر نموذجًا آخر.',
      again: 'يمكنك إرسال الطلب مرة أخرى، أو اختيار نموذج آخر.',
      cancelled: 'يمكنك إرسال الطلب مرة أخرى.',
      expired: 'أرسلها مرة أخرى، أو بأولوية أعلى.',
    },
  },
};

export default ar;
