# Ce que lit le patient : peu de mots, simples, au vouvoiement, avec chaleur, aux temps que l’on parle.
# Sans entrain, sans jargon, sans point d’exclamation. Qui lit a peut-être peur et se sent loin.
# Rien ne s’accorde avec la personne : on ne sait pas si c’est une femme ou un homme.
# L’espace devant : ; ? et dans les guillemets est insécable (U+00A0) ; les caractères n’ont pas l’espace fine (U+202F).

## L’appel

call-band-idle = Appeler quelqu’un
call-button = Appeler
call-placed = J’appelle.
call-received = Votre appel est arrivé au poste de soins.
call-on-the-way = Quelqu’un de l’équipe arrive.
call-on-the-way-named = { $name } arrive.
call-here = Quelqu’un de l’équipe est avec vous.
call-here-named = { $name } est avec vous.
call-reasons = Vous pouvez toucher pourquoi. Rien ne vous y oblige.
reason-bathroom = Toilettes
reason-sick = J’ai la nausée
reason-pain = J’ai mal
reason-temperature = Froid ou chaud
reason-sound-or-light = Son ou lumière
reason-company = Restez avec moi
call-line-down = Je n’arrive pas à joindre l’équipe. Appuyez sur le bouton au mur ou appelez à voix haute.
call-keeps-trying = Je continue d’essayer.
call-practice = Essai
call-practice-coming = Lors d’un vrai appel, quelqu’un viendrait maintenant.
dark-panel = Touchez encore ici pour appeler
dark-leave = Rallumer l’écran

## Prête

ready-begin = Quand vous voulez, touchez pour commencer.
ready-fresh = Cette salle est fraîche. Il n’y reste rien d’une autre visite.

## Sur beaucoup d’écrans

next = Suivant
back = Retour
skip = Passer
done = Terminé
notice-staff-speak = L’équipe vous parle.
notice-call-cleared = Vous avez bien fait d’appeler.
breath-in = Inspirez
breath-out = Expirez

## L’arrivée

arrive-language-title = Choisissez votre langue

arrive-welcome-title = Bienvenue
arrive-welcome-text = Cet écran vous tient compagnie. Il met de la musique, montre un lieu calme et appelle quelqu’un quand vous le voulez. Vous pouvez passer ce que vous voulez, et il n’y a pas d’erreur possible.

arrive-skip-all = Tout passer

comfort-title = À votre aise
comfort-text = Si quelqu’un est venu avec vous, cette personne peut le faire pour vous.
comfort-hand = Quelle main est libre ?
hand-left = La gauche
hand-right = La droite
comfort-type = Quelle taille pour les mots ?
type-normal = Comme ceci
type-larger = Plus grands

arrive-expect-title = Ce qui peut venir
arrive-expect-1-title = Les pensées se relâchent
arrive-expect-1-text = Pendant un moment, ce qui tourne en rond peut lâcher prise.
arrive-expect-2-title = Des chemins peuvent s’ouvrir
arrive-expect-2-text = Dans les jours qui suivent, les petits pas peuvent être plus faciles.
arrive-expect-3-title = Ça va passer
arrive-expect-3-text = Vous pouvez voir double, ou vous sentir loin. Cela s’en va tout seul.

arrive-questions-title = Seulement si vous voulez
arrive-question-1 =
    Qu’est-ce qui me conduit à ce traitement ?
    Pourquoi suis-je ici ?
arrive-question-2 =
    Qu’est-ce que j’aimerais changer dans ma vie ?
    Où est-ce que je n’avance plus ?
arrive-question-3 = Au meilleur de moi-même, de quoi ai-je besoin et envie ?
arrive-question-1-title = Qu’est-ce qui vous amène ?
arrive-question-2-title = Qu’aimeriez-vous changer ?
arrive-question-3-title = De quoi avez-vous le plus besoin ?

arrive-clinician-title = Ce que je veux que l’équipe sache
arrive-clinician-text = Un espoir, une peur, une question. Personne ne le voit, sauf si vous touchez Partager.
arrive-shared = L’équipe peut maintenant le lire
arrive-share = Partager
arrive-unshare = Ne plus partager

arrive-place-title = Où aimeriez-vous être ?
arrive-sound-title = Qu’aimeriez-vous entendre ?

arrive-breath-title = Respirez avec ce lieu
arrive-breath-text = Inspirez quand le cercle grandit, expirez quand il rétrécit. Ou gardez votre rythme.

arrive-call-title = Essayez l’appel
arrive-call-text = Voici comment appeler quelqu’un. Touchez l’appel maintenant et voyez qu’il marche. Ce n’est qu’un essai, et l’équipe le sait.
arrive-call-waiting = Votre appel d’essai est en route.
arrive-call-reached = Ça marche. Pendant la séance, on appelle en bas de l’écran.
arrive-call-answered = Ça marche. Quelqu’un a répondu.
arrive-call-no-desk = Je n’arrive pas à joindre l’équipe pour le moment. Dites-le à la personne qui vous soigne. Si vous avez besoin de quelqu’un, appuyez sur le bouton au mur ou appelez à voix haute.
arrive-call-done = Vous pouvez appeler ainsi à tout moment.

arrive-dark-text = Vous pouvez mettre l’écran au noir et toujours appeler. Touchez une fois n’importe où, puis touchez le milieu.
arrive-dark-try = Essayer le noir

arrive-waiting-title = Tout est prêt
arrive-waiting-text = L’équipe commencera le moment venu. Vous n’avez rien à faire. Vous pouvez vous reposer.

## Les lieux

place-beach = Plage
place-forest = Forêt
place-quiet-room = Pièce calme
place-night-sky = Ciel de nuit
place-mountain-lake = Lac de montagne
place-drifting-colour = Couleurs flottantes
place-pictures = Images
place-dark = Noir

hear-music = Musique
hear-sea = La mer
hear-rain = La pluie
hear-rain-thunder = Pluie, tonnerre au loin
hear-wind = Vent dans les feuilles
hear-stream = Un ruisseau
hear-fire = Un feu
hear-crickets = Grillons la nuit
hear-night-forest = Forêt la nuit
hear-snow = Le calme de la neige
hear-brown = Un doux murmure
hear-silence = Silence

## La séance

session-breathe = Respirer
session-silence = C’est le silence, maintenant.
session-place = Lieu
session-sound = Son
session-dark = Noir
session-anchor = C’est trop
anchor-line-1 = C’est le médicament. Ça va passer.
anchor-line-2 = Ici, vous êtes en sécurité.
anchor-line-3 = Soufflez doucement.
anchor-line-4 = Vous pouvez appeler à tout moment.
where-settle = Vous êtes dans la salle de perfusion. Vous n’avez rien à faire. Vous pouvez toujours appeler.
where-onset = Vous êtes dans la salle de soin. Le médicament commence à agir, et cela va passer.
where-peak = Vous êtes dans la salle de soin. C’est la partie la plus forte. Ensuite, cela s’allège.
where-return = Vous êtes dans la salle de soin. Le plus fort est passé. Encore { $minutes } minutes environ.
where-landing = Vous êtes dans la salle de soin, presque de retour. Encore { $minutes } minutes environ.
where-landed = Vous êtes dans la salle de soin. Le médicament a fait son travail. Vous pouvez vous reposer.
anchor-done = Revenir
sound-softer = Moins fort
sound-louder = Plus fort
sound-skip = Autre musique
sound-silence = Silence
sound-return = Remettre le son
sound-level = Le son : { $level }
volume-1 = Très bas
volume-2 = Bas
volume-3 = Moyen
volume-4 = Plus fort
volume-5 = Au plus fort
session-word-1 = Laissez venir.
session-word-2 = Il n’y a rien à faire.
session-word-3 = Cela n’a pas besoin d’avoir un sens.
session-word-4 = Vous pouvez lâcher prise.
session-word-5 = Ça va passer.
session-word-6 = Votre souffle connaît le chemin.
session-word-7 = Laissez vos mains se détendre.
session-word-8 = Laissez cela vous traverser.
session-word-9 = Ce qui vient peut venir.
session-word-10 = Le sol vous porte.
session-word-11 = Soyez tendre avec ce que vous trouvez.
session-word-12 = Vous reviendrez à votre rythme.
session-paused = Reposons-nous ici un moment. Vous n’avez rien à faire.
landing-ready = Continuer
session-note-damaged = Une partie de ce que vous avez écrit n’est pas revenue. Le reste est là.
session-restored = Il y a eu une panne de courant. Nous en sommes où nous étions, mais ce que vous aviez écrit est perdu.

## Après

after-title = Prenez votre temps
after-text = Rien ne presse pour vous sentir comme d’habitude. S’il vous reste quelque chose, vous pouvez le déposer ici avant que cela s’efface.
after-write = L’écrire
after-draw = Le dessiner
after-cards = Pour les jours à venir
after-take = L’emporter chez moi
after-leave = J’ai fini ici
note-prompt-emotions = Que ressentez-vous ?
note-prompt-memories = Qu’est-ce qui vous est revenu ?
note-prompt-images = Qu’avez-vous vu ?
note-prompt-word = Un mot suffit.
note-prompts = Une émotion, un souvenir, une image. Un mot, une couleur. Ou rien du tout.
note-feelings = Émotions
note-before = Avant
note-draw = Dessiner
note-write = Écrire
feeling-1 = calme
feeling-2 = tristesse
feeling-3 = légèreté
feeling-4 = lourdeur
feeling-5 = chaleur
feeling-6 = froid
feeling-7 = peur
feeling-8 = tendresse
feeling-9 = fatigue
feeling-10 = liberté
feeling-11 = solitude
feeling-12 = amour
draw-clear = Tout effacer
draw-hint = Une couleur, une forme, une ligne. Cela n’a pas besoin de ressembler à quelque chose.
note-new-page = Nouvelle page
note-page-back = Page d’avant
note-page-next = Page d’après
note-nearly-full = Cette page est presque pleine.
note-full = Cette page est pleine. Vous pouvez continuer sur une autre.
note-pages-full = Toutes les pages sont pleines. Tout est gardé.
note-intentions-title = Ce que vous avez écrit avant
note-empty-intention = Vous n’avez rien écrit ici.
key-shift = Maj
key-delete = Effacer
key-space = Espace
key-return = Entrée
key-symbols = 123
key-letters = ABC
key-undo = Annuler
after-card-1-title = Laissez reposer
after-card-1-text = Ce qui est venu prendra peut-être un sens peu à peu, ou jamais. Parlez-en bientôt à une personne de confiance, comme votre thérapeute. Ce que vous avez écrit peut aider.
after-card-2-title = Soyez tendre avec vous-même
after-card-2-text = Vous pouvez avoir les émotions à vif, vous sentir sans force ou au ralenti. C’est normal. Parlez-vous comme à une personne que vous aimez.
after-card-3-title = Restez au calme
after-card-3-text = Le bruit, la foule et les écrans peuvent peser aujourd’hui. Reposez-vous, mangez léger, et laissez quelqu’un d’autre conduire.
after-card-4-title = Les jours à venir
after-card-4-text = Dites à votre clinique comment se passent les jours suivants, et venez à votre prochain rendez-vous. Si des idées noires viennent, appelez votre clinique, ou à toute heure le 988 aux États-Unis et au Canada, le 3114 en France.
card-scan = Pour l’appareil photo de votre téléphone
take-title = L’emporter chez vous
take-question = Comment voulez-vous l’emporter ?
take-phone = Sur mon téléphone
take-paper = Sur papier
take-sealed = Pour mon thérapeute
take-photo = Le prendre en photo
take-photo-hint = Il remplit l’écran pour votre appareil.
take-photo-next = Autre dessin
take-taken = C’est fait
take-phone-hint = Visez un code avec votre appareil photo.
take-paper-hint = Ce sera imprimé ici, à la clinique.
take-sealed-hint = Ce sera fermé à clé. Seul votre thérapeute pourra l’ouvrir.
take-words-only = Vos mots tiennent dans un code. Un dessin s’emporte en photo.
take-paper-title = Sur papier
take-paper-going = L’impression est en cours. Vous pouvez rester ici ou continuer.
take-paper-done = C’est imprimé. L’imprimante ne garde pas de copie. Demandez qu’on vous l’apporte, face cachée.
take-sealed-title = Pour mon thérapeute
take-sealed-going = Je le ferme à clé pour votre thérapeute. Cela prend un instant.
take-sealed-done = C’est fermé à clé et gardé. Seul votre thérapeute peut l’ouvrir. Le nom du fichier se termine par
take-again = Encore une fois
take-try-again = Réessayer
take-other-way = Autrement
take-fault-printer-away = Je ne trouve pas l’imprimante. Rien n’a été imprimé. Vous pouvez l’emporter autrement, ou demander de l’aide ici.
take-fault-printer-stopped = L’imprimante s’est arrêtée. Il manque peut-être du papier. J’ai repris votre note, il n’en reste rien là-bas. Demandez de l’aide ici, ou emportez-la autrement.
take-fault-stick-missing = Il n’y a pas encore de clé USB ici. Demandez qu’on en mette une. Puis réessayez.
take-fault-place-unwritable = Je n’ai pas pu l’enregistrer. S’il y avait une clé USB, elle a peut-être été retirée. Rien n’est perdu ici.
take-fault-place-full = Il n’y a plus de place pour l’enregistrer. Demandez de l’aide ici. Rien n’est perdu.
take-fault-not-made = Cela n’a pas marché. Votre note est toujours ici. Vous pouvez l’emporter autrement, ou demander de l’aide.
take-qr-text = Visez le carré avec l’appareil photo de votre téléphone. Touchez ce qui s’affiche, puis choisissez copier. Rien n’est envoyé d’ici.
take-qr-search = Certains téléphones proposent de chercher vos mots sur Internet. Choisissez copier, et ils restent à vous.
take-qr-page = Partie { $index } sur { $of }
take-next-code = Partie suivante
take-empty = Il n’y a encore rien à emporter. Voulez-vous d’abord écrire ou dessiner quelque chose ?
paper-title = Ce qui est venu
paper-sheet = { $sheet } sur { $of }
paper-date = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }
take-leave-ask = Ce que vous avez fait ici sera effacé après votre départ. Voulez-vous d’abord l’emporter ?
take-leave-yes = Non, merci
take-leave-back = L’emporter

## Le départ

farewell-title = Allez-y doucement
farewell-text = Restez où vous êtes jusqu’à ce qu’on vous aide à vous lever. Rien ne presse. Ce que vous avez fait ici s’efface à votre départ, et reste donc privé.
